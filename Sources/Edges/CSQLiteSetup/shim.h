// SPDX-License-Identifier: Apache-2.0
#ifndef OPAL_CSQLITESETUP_SHIM_H
#define OPAL_CSQLITESETUP_SHIM_H

// Not by <sqlite3.h>, which another module brings already. Swift cannot call a function with
// variable arguments, which this one is.
int sqlite3_config(int option, ...);

/// Has SQLite not count the memory of the whole process: the counter stands under one lock, for
/// which all connections wait at each allocation. SQLITE_CONFIG_MEMSTATUS is 9.
///
/// Returns SQLITE_OK, or SQLITE_MISUSE where SQLite is in use already; then it goes on as before.
static inline int sqlite_stop_counting_memory(void) { return sqlite3_config(9, 0); }

#endif
