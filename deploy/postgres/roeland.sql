-- Run by the image of PostgreSQL when its volume is new. The role owns its database, and nothing else: all that
-- `roeland db migrate` needs. The password comes from the environment, so that it is in no file and no process list.
\set ON_ERROR_STOP on
\getenv password POSTGRES_ROELAND_PASSWORD
CREATE ROLE roeland LOGIN PASSWORD :'password';
CREATE DATABASE roeland OWNER roeland;
REVOKE CONNECT ON DATABASE roeland FROM PUBLIC;
