//! Modules, and the reference map that leads to them by their names.

use std::sync::Arc;

use engine::flow::compile::CompiledFlow;
use engine::flow::document::Document;
use engine::flow::module::{ContactFlowModule, ModuleContent, ModuleVersion};
use engine::flow::validate::validate_module;
use engine::flow::{ContentHash, FlowState};
use engine::reference_map::ReferenceMap;
use engine::*;

use super::{KnowsAll, START, World, content};

pub(crate) fn module_id(name: &str) -> ContactFlowModuleId {
    ContactFlowModuleId::from_bytes(ContentHash::of(name).0[..16].try_into().unwrap())
}

impl World {
    /// Publishes a module in the short form and makes a version of it. Flows name it by its name.
    pub(crate) fn module(mut self, name: &str, text: &str) -> World {
        let text = content(text);
        let problems = validate_module(&Document::parse(&text).unwrap(), None, &KnowsAll);
        assert_eq!(problems, [], "{name} is a valid module");
        let hash = ContentHash::of(&text);
        self.instance.contents.insert(hash, Arc::new(CompiledFlow::compile(&text).unwrap()));
        let content = ModuleContent { hash, settings: None };
        let id = module_id(name);
        let module = self.instance.modules.entry(id).or_insert_with(|| Arc::new(blank(name, &content)));
        let module = Arc::make_mut(module);
        (module.saved, module.published) = (content.clone(), Some(content.clone()));
        module.versions_made += 1;
        module.versions.push(ModuleVersion {
            number: module.versions_made,
            content,
            description: None,
            created: START,
        });
        self.references(&[(name, &id.to_string())])
    }

    /// Adds entries to the reference map.
    pub(crate) fn references(mut self, entries: &[(&str, &str)]) -> World {
        let old = self.instance.references.entries().map(|(from, to)| (from.to_owned(), to.to_owned()));
        let new = entries.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        self.instance.references = ReferenceMap::new(old.chain(new).collect()).unwrap();
        self
    }
}

/// An archived module, which still runs.
fn blank(name: &str, content: &ModuleContent) -> ContactFlowModule {
    ContactFlowModule {
        id: module_id(name),
        name: name.into(),
        description: None,
        state: FlowState::Archived,
        saved: content.clone(),
        published: None,
        versions: vec![],
        versions_made: 0,
        aliases: vec![],
        tags: Default::default(),
        created: START,
        last_modified: START,
    }
}
