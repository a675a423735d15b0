-- The words of what is searched in full: one row for each text, such as a message. `words` starts with a token that stands for space,
-- kind and privacy, so that the search of one space does not walk through what the others have. `row` is in the order of creation.
CREATE TABLE search_words (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    parent_id uuid,
    is_private boolean NOT NULL,
    "row" bigint NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX search_words_parent ON search_words (organization_id, parent_id, id);
CREATE INDEX search_words_words ON search_words USING gin (array_to_tsvector(string_to_array(rtrim(words), ' ')));
