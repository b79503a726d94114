/* SPDX-License-Identifier: ISC */
/*
 * The tables of the cache.  Another version is not carried over: it is made anew.
 */

#include <stdio.h>

#include "src/inventory/cache_internal.h"

#define APPLICATION 0x706b6976 /* "pkiv" */
#define VERSION 3

#define X(member) #member " TEXT NOT NULL,"
static const char schema[] =
    "CREATE TABLE place(id INTEGER PRIMARY KEY, account TEXT NOT NULL,"
    " region TEXT NOT NULL, fetched INTEGER NOT NULL DEFAULT 0,"
    " tried INTEGER NOT NULL DEFAULT 0, UNIQUE(account, region));"
    "CREATE TABLE login(identity TEXT PRIMARY KEY,"
    " account TEXT NOT NULL DEFAULT '', since INTEGER NOT NULL DEFAULT 0,"
    " failed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE TABLE region(account TEXT, name TEXT, since INTEGER NOT NULL,"
    " PRIMARY KEY(account, name)) WITHOUT ROWID;"
    "CREATE TABLE instance(n INTEGER PRIMARY KEY, place INTEGER NOT NULL,"
    " written INTEGER NOT NULL, digest INTEGER NOT NULL,"
    " launched INTEGER NOT NULL, owned_ip INTEGER NOT NULL,"
    " folded TEXT NOT NULL," CACHE_TEXTS(
	X) " tags BLOB NOT NULL, UNIQUE(place, id));"
	   "CREATE INDEX instance_name ON instance(place, folded);"
	   "CREATE INDEX instance_public ON instance(public_ip)"
	   " WHERE public_ip <> '';"
	   "CREATE INDEX instance_private ON instance(private_ip)"
	   " WHERE private_ip <> '';"
	   "CREATE INDEX instance_ipv6 ON instance(ipv6) WHERE ipv6 <> '';"
	   "CREATE INDEX instance_dns ON instance(public_dns)"
	   " WHERE public_dns <> '';"
	   "CREATE INDEX instance_local ON instance(private_dns)"
	   " WHERE private_dns <> '';"
	   "CREATE INDEX instance_image ON instance(place, image);"
	   /* Of instance.tags, to be found by. */
	   "CREATE TABLE tag(key TEXT, value TEXT, instance INTEGER,"
	   " PRIMARY KEY(key, value, instance)) WITHOUT ROWID;"
	   "CREATE TABLE address(place INTEGER, ip TEXT, instance TEXT NOT "
	   "NULL,"
	   " written INTEGER NOT NULL, PRIMARY KEY(place, ip)) WITHOUT ROWID;"
	   "CREATE INDEX address_instance ON address(place, instance);"
	   "CREATE INDEX address_ip ON address(ip);"
	   "CREATE TABLE pair(place INTEGER, name TEXT, public TEXT NOT NULL,"
	   " fingerprint TEXT NOT NULL, written INTEGER NOT NULL,"
	   " PRIMARY KEY(place, name)) WITHOUT ROWID;"
	   "CREATE TABLE image(id TEXT PRIMARY KEY, name TEXT NOT NULL,"
	   " owner TEXT NOT NULL, details TEXT NOT NULL, parent TEXT NOT NULL,"
	   " since INTEGER NOT NULL) WITHOUT ROWID;"
	   /* Of audits (survey.h). */
	   "CREATE TABLE survey(place INTEGER, kind INTEGER,"
	   " since INTEGER NOT NULL, PRIMARY KEY(place, kind)) WITHOUT ROWID;"
	   "CREATE TABLE survey_instance(place INTEGER NOT NULL,"
	   " id TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,"
	   " pair TEXT NOT NULL, public TEXT NOT NULL, ipv6 TEXT NOT NULL,"
	   " tokens TEXT NOT NULL, endpoint TEXT NOT NULL,"
	   " security_groups TEXT NOT NULL);"
	   "CREATE TABLE survey_pair(place INTEGER NOT NULL,"
	   " name TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,"
	   " fingerprint TEXT NOT NULL, public TEXT NOT NULL,"
	   " created INTEGER NOT NULL);"
	   "CREATE TABLE survey_address(place INTEGER NOT NULL,"
	   " ip TEXT NOT NULL, allocation TEXT NOT NULL,"
	   " instance TEXT NOT NULL, interface TEXT NOT NULL);"
	   "CREATE TABLE survey_rule(place INTEGER NOT NULL,"
	   " id TEXT NOT NULL, security_group TEXT NOT NULL,"
	   " protocol TEXT NOT NULL, cidr TEXT NOT NULL, cidr6 TEXT NOT NULL,"
	   " low INTEGER NOT NULL, high INTEGER NOT NULL);";
#undef X

static int
one_number(sqlite3 *db, const char *sql, int64_t *n)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	*n = -1;
	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		*n = sqlite3_column_int64(stmt, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
cache_schema_make(sqlite3 *db)
{
	char sql[128];
	int rc;

	snprintf(sql, sizeof(sql),
	    "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION,
	    VERSION);
	/*
	 * Not to be had on all file systems: any other mode does, too.  Nothing
	 * is in it yet that is worth waiting for a disk.
	 */
	(void)sqlite3_exec(db,
	    "PRAGMA synchronous=OFF; PRAGMA journal_mode=WAL", NULL, NULL,
	    NULL);
	if ((rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL)) ==
		SQLITE_OK &&
	    (rc = sqlite3_exec(db, schema, NULL, NULL, NULL)) == SQLITE_OK &&
	    (rc = sqlite3_exec(db, sql, NULL, NULL, NULL)) == SQLITE_OK)
		rc = sqlite3_exec(
		    db, "COMMIT; PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	return rc;
}

int
cache_schema_check(sqlite3 *db)
{
	int64_t application, version, tables;
	int rc;

	if ((rc = one_number(db, "PRAGMA application_id", &application)) !=
		SQLITE_OK ||
	    (rc = one_number(db, "PRAGMA user_version", &version)) !=
		SQLITE_OK ||
	    (rc = one_number(db, "SELECT count(*) FROM sqlite_schema",
		 &tables)) != SQLITE_OK)
		return rc;
	if (application == 0 && version == 0 && tables == 0)
		return cache_schema_make(db);
	return application == APPLICATION && version == VERSION ? SQLITE_OK
								: SQLITE_NOTADB;
}
