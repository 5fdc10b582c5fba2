//! Hosts that the operator allows.

use crate::config::Setting;

/// `host`, `host:port` or `*.suffix`, perhaps with a port. Without a port any port is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: String,
    subdomains: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// Whether a host and port are meant. The host is as in a URL: lower case, an IPv6 address in brackets.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let named = if self.subdomains {
            host.strip_suffix(self.name.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            host.eq_ignore_ascii_case(&self.name)
        };
        named && self.port.is_none_or(|allowed| allowed == port)
    }
}

impl Setting for HostPattern {
    const SHAPE: &'static str = "host, host:port or *.suffix";

    fn parse(text: &str) -> Result<Self, String> {
        let refused = || Err("give hosts as host, host:port or *.suffix, without a scheme or path".to_owned());
        let (text, subdomains) = text.strip_prefix("*.").map_or((text, false), |suffix| (suffix, true));
        // The colons of an IPv6 address are within its brackets.
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => match port.parse() {
                Ok(port) => (name, Some(port)),
                Err(_) => return refused(),
            },
            _ => (text, None),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '[' | ']' | ':');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
            return refused();
        }
        Ok(HostPattern { name: name.to_ascii_lowercase(), subdomains, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_hosts_and_ports() {
        for (pattern, host, port, expected) in [
            ("files.example.com", "files.example.com", 443, true),
            ("Files.Example.com", "files.example.com", 80, true),
            ("files.example.com", "files.example.com.", 80, true),
            ("files.example.com", "evil-files.example.com", 443, false),
            ("files.example.com", "files.example.com.evil.org", 443, false),
            ("files.example.com:8443", "files.example.com", 8443, true),
            ("files.example.com:8443", "files.example.com", 443, false),
            ("*.example.com", "a.example.com", 443, true),
            ("*.example.com", "a.b.example.com", 443, true),
            ("*.example.com", "example.com", 443, false),
            ("*.example.com", ".example.com", 443, false),
            ("*.example.com", "badexample.com", 443, false),
            ("127.0.0.1:9000", "127.0.0.1", 9000, true),
            ("[::1]:9000", "[::1]", 9000, true),
            ("[::1]", "[::1]", 1, true),
        ] {
            let parsed = HostPattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(host, port), expected, "{pattern} {host}:{port}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["https://x", "x/y", "", "*.", "x:y", "*.*.com", "x:99999", ".com"] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }
}
