DROP TABLE company_merges;
DROP TABLE company_domains;
DROP TABLE companies;
DROP TABLE stages;
DROP TABLE pipelines;
DROP TABLE custom_fields;
DROP TABLE tag_uses;
DROP TABLE tags;
