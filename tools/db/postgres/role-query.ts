/*
 * What a role can do beyond the scope. $1 is the scope as JSON: schema, name, columns (null for all), alsoRead, and of each
 * right the columns or whether there is one. Asked with search_path = pg_catalog, so that no name means something else.
 */

/** Functions that read or write files of the server, or reach out of it; nobody but a superuser has them at first. */
const fileFunctions = [
  'pg_read_file',
  'pg_read_binary_file',
  'pg_ls_dir',
  'pg_stat_file',
  'pg_file_write',
  'pg_file_unlink',
  'pg_file_rename',
  'lo_import',
  'lo_export',
]

/** Extensions whose functions reach other servers, files or programs. */
const outwardExtensions = ['dblink', 'adminpack', 'http', 'pg_net', 'pg_background', 'pg_cron', 'aws_s3', 'plproxy']

/** Roles that give files or programs of the server. */
export const fileRoles = ['pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'] as const

const list = (names: readonly string[]) => names.map(name => `'${name}'`).join(', ')
const isUserSchema = (alias: string) =>
  `${alias}.nspname !~ '^pg_' AND ${alias}.nspname <> 'information_schema' AND has_schema_privilege(${alias}.oid, 'USAGE')`
const isOfNoExtension = (catalog: string, alias: string) =>
  `NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${alias}.oid AND x.deptype = 'e')`

/** One row per finding: what it is, and the name that it is about. The first row says who and where. */
export const roleQuery = `WITH me AS (SELECT * FROM pg_roles WHERE rolname = current_user),
scope AS (
  SELECT s.*, c.oid FROM json_to_recordset($1::json) AS s(schema text, name text, columns jsonb, "insert" bool, "update" bool, "delete" bool)
  JOIN pg_namespace n ON n.nspname = s.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name),
relation AS (
  SELECT c.oid, n.nspname || '.' || c.relname AS label, s.oid IS NOT NULL AS scoped, s.columns,
    coalesce(s."insert", false) AS may_insert, coalesce(s."update", false) AS may_update, coalesce(s."delete", false) AS may_delete
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN scope s ON s.oid = c.oid
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${isUserSchema('n')}),
readable AS (SELECT * FROM relation r WHERE has_any_column_privilege(r.oid, 'SELECT')),
member AS (
  SELECT r.* FROM pg_roles r CROSS JOIN me WHERE r.oid <> me.oid AND NOT me.rolsuper AND pg_has_role(me.oid, r.oid, 'MEMBER')),
callable AS (
  SELECT p.oid, p.proname, p.prosecdef, n.nspname || '.' || p.proname AS label FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE ${isUserSchema('n')} AND has_function_privilege(p.oid, 'EXECUTE'))
SELECT 'who', current_user::text, current_setting('server_version')
UNION ALL SELECT 'superuser', NULL, NULL FROM me WHERE rolsuper
UNION ALL SELECT 'superuser_member', rolname, NULL FROM member WHERE rolsuper
UNION ALL SELECT 'file_role', rolname, NULL FROM member WHERE rolname IN (${list(fileRoles)})
UNION ALL SELECT 'file_function', p.proname, NULL FROM pg_proc p CROSS JOIN me
  WHERE NOT me.rolsuper AND p.proname IN (${list(fileFunctions)}) AND has_function_privilege(p.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT FROM member WHERE rolname IN (${list(fileRoles)}))
UNION ALL SELECT 'bypassrls', NULL, NULL FROM me WHERE rolbypassrls AND NOT rolsuper
UNION ALL SELECT 'createrole', NULL, NULL FROM me WHERE rolcreaterole AND NOT rolsuper
UNION ALL SELECT 'createdb', NULL, NULL FROM me WHERE rolcreatedb AND NOT rolsuper
UNION ALL SELECT 'replication', NULL, NULL FROM me WHERE rolreplication AND NOT rolsuper
UNION ALL SELECT 'predefined', rolname, NULL FROM member
  WHERE rolname ~ '^pg_' AND rolname NOT IN (${list([...fileRoles, 'pg_database_owner'])})
UNION ALL SELECT 'strong_member', rolname, NULL FROM member
  WHERE NOT rolsuper AND (rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL SELECT 'can_become', m.rolname, NULL FROM member m
  WHERE m.rolname !~ '^pg_' AND NOT m.rolsuper AND NOT pg_has_role(m.oid, 'USAGE')
UNION ALL SELECT 'database_owner', d.datname, NULL FROM pg_database d CROSS JOIN me
  WHERE NOT me.rolsuper AND d.datname = current_database() AND pg_has_role(d.datdba, 'MEMBER')
UNION ALL SELECT 'owner', s.schema || '.' || s.name, NULL FROM scope s JOIN pg_class c ON c.oid = s.oid CROSS JOIN me
  WHERE NOT me.rolsuper AND pg_has_role(c.relowner, 'MEMBER')
UNION ALL SELECT 'create_in_database', current_database()::text, NULL FROM me
  WHERE NOT rolsuper AND has_database_privilege(current_database(), 'CREATE')
UNION ALL SELECT 'create_in_schema', n.nspname, NULL FROM pg_namespace n CROSS JOIN me
  WHERE NOT me.rolsuper AND n.nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(n.oid, 'CREATE')
UNION ALL SELECT 'read_table', label, NULL FROM readable CROSS JOIN me WHERE NOT me.rolsuper AND NOT scoped
UNION ALL SELECT 'read_column', r.label || '.' || a.attname, NULL FROM readable r CROSS JOIN me
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE NOT me.rolsuper AND r.scoped AND r.columns IS NOT NULL AND NOT r.columns ? a.attname
  AND has_column_privilege(r.oid, a.attnum, 'SELECT')
UNION ALL SELECT 'insert', label, NULL FROM relation CROSS JOIN me
  WHERE NOT me.rolsuper AND NOT may_insert AND has_any_column_privilege(relation.oid, 'INSERT')
UNION ALL SELECT 'update', label, NULL FROM relation CROSS JOIN me
  WHERE NOT me.rolsuper AND NOT may_update AND has_any_column_privilege(relation.oid, 'UPDATE')
UNION ALL SELECT 'write_column', r.label || '.' || a.attname, NULL FROM relation r CROSS JOIN me
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE NOT me.rolsuper AND r.columns IS NOT NULL AND NOT r.columns ? a.attname
  AND (r.may_insert AND has_column_privilege(r.oid, a.attnum, 'INSERT') OR r.may_update AND has_column_privilege(r.oid, a.attnum, 'UPDATE'))
UNION ALL SELECT 'delete', label, NULL FROM relation CROSS JOIN me
  WHERE NOT me.rolsuper AND NOT may_delete AND has_table_privilege(relation.oid, 'DELETE')
UNION ALL SELECT 'truncate', label, NULL FROM relation CROSS JOIN me
  WHERE NOT me.rolsuper AND has_table_privilege(relation.oid, 'TRUNCATE, TRIGGER')
UNION ALL SELECT 'definer', label, NULL FROM callable WHERE prosecdef
UNION ALL SELECT 'shadow_function', label, NULL FROM callable c
  WHERE EXISTS (SELECT FROM pg_proc b WHERE b.pronamespace = 'pg_catalog'::regnamespace AND b.proname = c.proname)
  AND ${isOfNoExtension('pg_proc', 'c')}
UNION ALL SELECT 'shadow_operator', n.nspname || '.' || o.oprname, NULL FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE ${isUserSchema('n')} AND ${isOfNoExtension('pg_operator', 'o')}
  AND EXISTS (SELECT FROM pg_operator b WHERE b.oprnamespace = 'pg_catalog'::regnamespace AND b.oprname = o.oprname)
UNION ALL SELECT 'cast', format_type(k.castsource, NULL) || ' to ' || format_type(k.casttarget, NULL), NULL FROM pg_cast k
  WHERE k.oid >= 16384 AND k.castmethod = 'f' AND ${isOfNoExtension('pg_cast', 'k')}
UNION ALL SELECT 'outward', e.extname, NULL FROM pg_extension e CROSS JOIN me
  WHERE NOT me.rolsuper AND e.extname IN (${list(outwardExtensions)}) AND EXISTS (SELECT FROM pg_depend x JOIN callable c ON c.oid = x.objid
  WHERE x.refclassid = 'pg_extension'::regclass AND x.refobjid = e.oid AND x.classid = 'pg_proc'::regclass AND x.deptype = 'e')
UNION ALL SELECT 'foreign_server', s.srvname, NULL FROM pg_foreign_server s CROSS JOIN me
  WHERE NOT me.rolsuper AND has_server_privilege(s.oid, 'USAGE')`
