//! Values of documents, wherever a path leads.

use super::{Compiler, Dialect};
use crate::db::functions::OpenTest;
use crate::query::predicate::Part;

impl Compiler {
    pub(super) fn open(&mut self, document: &str, path: &[String], test: &OpenTest) {
        match self.dialect {
            Dialect::Sqlite => {
                let json = |value: serde_json::Result<String>| value.unwrap_or_default();
                self.push(&format!("dotdesk_open({document}, "));
                self.text(json(serde_json::to_string(path)));
                self.push(", ");
                self.text(json(serde_json::to_string(test)));
                self.push(")");
            }
            Dialect::Postgres => {
                let keys: String =
                    path.iter().map(|key| format!(".{}", serde_json::Value::from(key.as_str()))).collect();
                self.push(&format!("EXISTS (SELECT 1 FROM jsonb_path_query({document}, "));
                self.text(format!("lax ${keys}[*]"));
                self.push("::jsonpath) AS \"e\" WHERE ");
                self.open_test(test);
                self.push(")");
            }
        }
    }

    /// A test of one value of a document, on PostgreSQL.
    fn open_test(&mut self, test: &OpenTest) {
        const TEXT: &str = "(CASE jsonb_typeof(\"e\") WHEN 'number' THEN trim_scale((\"e\" #>> '{}')::numeric)::text \
                            WHEN 'object' THEN NULL WHEN 'array' THEN NULL ELSE lower((\"e\" #>> '{}') COLLATE \"C\") END)";
        const NUMBER: &str = "(CASE jsonb_typeof(\"e\") WHEN 'number' THEN (\"e\" #>> '{}')::float8 END)";
        match test {
            OpenTest::Present => self.push("jsonb_typeof(\"e\") <> 'null'"),
            OpenTest::Is(text, None) => {
                self.push(&format!("{TEXT} = "));
                self.text(text);
            }
            OpenTest::Is(text, Some(number)) => {
                self.push(&format!("CASE jsonb_typeof(\"e\") WHEN 'number' THEN {NUMBER} = "));
                self.bind(Part::Float(*number));
                self.push(&format!(" ELSE {TEXT} = "));
                self.text(text);
                self.push(" END");
            }
            OpenTest::Like(pattern) => {
                self.push(&format!("{TEXT} LIKE "));
                self.text(pattern);
                self.push(" ESCAPE '\\'");
            }
            OpenTest::Between(low, high) => {
                let part = |(number, included)| (Part::Float(number), included);
                self.ends(NUMBER, low.map(part), high.map(part));
            }
            OpenTest::Within(low, high) => {
                let part = |(text, included): (String, bool)| (Part::Text(text), included);
                self.ends(&format!("{TEXT} COLLATE \"C\""), low.clone().map(part), high.clone().map(part));
            }
        }
    }
}
