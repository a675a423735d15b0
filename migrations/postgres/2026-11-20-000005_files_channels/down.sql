DROP TABLE unused_blobs;
DROP TABLE blobs;
DROP TABLE file_chunks;
DROP TABLE file_links;
DROP TABLE file_tokens;
DROP TABLE files;
DROP TABLE channels;
