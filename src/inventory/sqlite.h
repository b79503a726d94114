/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_INVENTORY_SQLITE_H
#define PEMKEEP_SRC_INVENTORY_SQLITE_H

/*
 * SQLite, loaded when a cache is opened: who connects to a host that is known
 * without AWS does not pay for it.  The names are SQLite's own; a function that
 * is not in the list is not found by the linker.
 */

#include <sqlite3.h>

struct err;

#define SQLITE_FUNCTIONS(X) \
	X(backup_finish) \
	X(backup_init) \
	X(backup_step) \
	X(bind_blob) \
	X(bind_int64) \
	X(bind_null) \
	X(bind_text) \
	X(busy_timeout) \
	X(close) \
	X(column_blob) \
	X(column_bytes) \
	X(column_int64) \
	X(column_text) \
	X(config) \
	X(create_function) \
	X(db_config) \
	X(errstr) \
	X(exec) \
	X(extended_result_codes) \
	X(file_control) \
	X(finalize) \
	X(get_autocommit) \
	X(last_insert_rowid) \
	X(limit) \
	X(open_v2) \
	X(prepare_v2) \
	X(reset) \
	X(result_int) \
	X(step) \
	X(value_text)

struct sqlite {
#define X(name) __typeof__(sqlite3_##name) *name;
	SQLITE_FUNCTIONS(X)
#undef X
};

extern struct sqlite sqlite; /* filled by sqlite_load() */

#define sqlite3_backup_finish sqlite.backup_finish
#define sqlite3_backup_init sqlite.backup_init
#define sqlite3_backup_step sqlite.backup_step
#define sqlite3_bind_blob sqlite.bind_blob
#define sqlite3_bind_int64 sqlite.bind_int64
#define sqlite3_bind_null sqlite.bind_null
#define sqlite3_bind_text sqlite.bind_text
#define sqlite3_busy_timeout sqlite.busy_timeout
#define sqlite3_close sqlite.close
#define sqlite3_column_blob sqlite.column_blob
#define sqlite3_column_bytes sqlite.column_bytes
#define sqlite3_column_int64 sqlite.column_int64
#define sqlite3_column_text sqlite.column_text
#define sqlite3_config sqlite.config
#define sqlite3_create_function sqlite.create_function
#define sqlite3_db_config sqlite.db_config
#define sqlite3_errstr sqlite.errstr
#define sqlite3_exec sqlite.exec
#define sqlite3_extended_result_codes sqlite.extended_result_codes
#define sqlite3_file_control sqlite.file_control
#define sqlite3_finalize sqlite.finalize
#define sqlite3_get_autocommit sqlite.get_autocommit
#define sqlite3_last_insert_rowid sqlite.last_insert_rowid
#define sqlite3_limit sqlite.limit
#define sqlite3_open_v2 sqlite.open_v2
#define sqlite3_prepare_v2 sqlite.prepare_v2
#define sqlite3_reset sqlite.reset
#define sqlite3_result_int sqlite.result_int
#define sqlite3_step sqlite.step
#define sqlite3_value_text sqlite.value_text

/* Once; later calls do nothing.  What library_load() says. */
int sqlite_load(struct err *e);

#endif
