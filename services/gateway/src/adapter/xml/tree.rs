use super::{Start, Stream, Token};
use crate::adapter::AdapterError;

/// One element with everything in it.
#[derive(Debug)]
pub struct Node {
    pub start: Start,
    /// The element's own text, children's text not included.
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    /// Children of this name in this element's own namespace.
    pub fn named<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Self> {
        let namespace = &self.start.namespace;
        self.children.iter().filter(move |c| c.start.name == name && c.start.namespace == *namespace)
    }

    /// The first descendant of this name, in any namespace, in document order.
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|c| if c.start.name == name { Some(c) } else { c.find(name) })
    }

    /// The text of the first descendant of this name, trimmed; none where empty.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.find(name).map(|n| n.text.trim()).filter(|t| !t.is_empty())
    }
}

/// Reads the rest of an element whose start tag was just given. The depth bound of the stream bounds the stack.
pub fn subtree(stream: &mut Stream<'_>, start: Start) -> Result<Node, AdapterError> {
    let mut node = Node { start, text: String::new(), children: Vec::new() };
    while let Some(token) = stream.next()? {
        match token {
            Token::Start(start) => node.children.push(subtree(stream, start)?),
            Token::Text(text) => node.text.push_str(&text),
            Token::End => break,
        }
    }
    Ok(node)
}
