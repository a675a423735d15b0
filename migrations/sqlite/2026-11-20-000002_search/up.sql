-- The words of what is searched in full: one row for each text, such as a message. `words` starts with a token that stands for space,
-- kind and privacy, so that the search of one space does not walk through what the others have. `row` is in the order of creation.
CREATE TABLE search_words (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    parent_id BLOB,
    is_private BOOLEAN NOT NULL,
    "row" INTEGER NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX search_words_parent ON search_words (organization_id, parent_id, id);
-- What a hit of the index below leads to, without the words.
CREATE INDEX search_words_row ON search_words ("row", organization_id, kind, is_private, parent_id, id);

-- It keeps neither the words in their order nor a copy of them: the rows above have both.
CREATE VIRTUAL TABLE search_index USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
CREATE TRIGGER search_words_added AFTER INSERT ON search_words BEGIN
    INSERT INTO search_index (rowid, words) VALUES (new."row", new.words);
END;
CREATE TRIGGER search_words_changed AFTER UPDATE OF words ON search_words BEGIN
    DELETE FROM search_index WHERE rowid = old."row";
    INSERT INTO search_index (rowid, words) VALUES (new."row", new.words);
END;
CREATE TRIGGER search_words_removed AFTER DELETE ON search_words BEGIN
    DELETE FROM search_index WHERE rowid = old."row";
END;
