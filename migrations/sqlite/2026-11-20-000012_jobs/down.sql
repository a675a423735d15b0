DROP TABLE exports;
DROP TABLE import_errors;
DROP TABLE imports;
DROP TABLE job_lanes;
DROP TABLE job_results;
DROP TABLE job_inputs;
DROP TABLE jobs;
