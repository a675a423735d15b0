-- For SQLite alone: the index of PostgreSQL finds beginnings of words, however short, as it is.
SELECT 1;
