DROP TABLE search_index_terms;
DROP TABLE search_index;
CREATE VIRTUAL TABLE search_index USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
INSERT INTO search_index (rowid, words) SELECT "row", words FROM search_words ORDER BY "row";
