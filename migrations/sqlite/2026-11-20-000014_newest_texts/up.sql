-- The index again, with one more for the first one and two letters of words: there are many words that begin so, and to unite what has
-- each of them is to read it all. Where more letters are known, they are looked up in the words that there are.
DROP TABLE search_index;
CREATE VIRTUAL TABLE search_index USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '1 2'
);
INSERT INTO search_index (rowid, words) SELECT "row", words FROM search_words ORDER BY "row";
CREATE VIRTUAL TABLE search_index_terms USING fts5vocab ('search_index', 'instance');
