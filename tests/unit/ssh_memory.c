/* SPDX-License-Identifier: ISC */

/* The library's memory: its limit, what small pieces cost, and its end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "src/ssh/memory.h"

static void
limit(void **state)
{
	struct ssh_memory m = { .most = 1000 };
	void *p;

	(void)state;
	assert_null(ssh_memory_get(&m, 1000)); /* it costs more than that */
	assert_true(m.full);
	assert_null(ssh_memory_get(&m, SIZE_MAX));
	assert_null(ssh_memory_get(&m, SIZE_MAX - 40));
	assert_int_equal(m.used, 0);
	p = ssh_memory_get(&m, 900);
	assert_non_null(p);
	assert_null(ssh_memory_get(&m, 100));
	assert_null(ssh_memory_resize(&m, p, 901)); /* both at once */
	assert_int_equal(ssh_memory_size(p), 900);
	ssh_memory_free(&m, p);
	assert_int_equal(m.used, 0);
	ssh_memory_free(&m, NULL);
}

/* A million pieces of nothing are not nothing. */
static void
empty_pieces(void **state)
{
	struct ssh_memory m = { .most = 100000 };
	size_t count = 0;

	(void)state;
	while (ssh_memory_get(&m, 0) != NULL)
		count++;
	assert_true(m.full);
	assert_in_range(count, 100, 100000 / 32);
	ssh_memory_clear(&m);
	assert_int_equal(m.used, 0);
	assert_null(m.first);
}

static void
resize(void **state)
{
	struct ssh_memory m = { .most = 10000 };
	char *p = ssh_memory_resize(&m, NULL, 5);

	(void)state;
	assert_non_null(p);
	memcpy(p, "abcd", 5);
	p = ssh_memory_resize(&m, p, 500);
	assert_string_equal(p, "abcd");
	assert_int_equal(ssh_memory_size(p), 500);
	p = ssh_memory_resize(&m, p, 3);
	assert_memory_equal(p, "abc", 3);
	ssh_memory_clear(&m);
	assert_int_equal(m.used, 0);
}

/* In the middle, at the beginning, at the end of the list. */
static void
any_order(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 },
		{ 1, 2, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct ssh_memory m = { .most = 10000 };
		void *p[3];

		for (size_t k = 0; k < 3; k++)
			assert_non_null(p[k] = ssh_memory_get(&m, 10 + k));
		for (size_t k = 0; k < 3; k++)
			ssh_memory_free(&m, p[orders[i][k]]);
		assert_int_equal(m.used, 0);
		assert_null(m.first);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit),
		cmocka_unit_test(empty_pieces),
		cmocka_unit_test(resize),
		cmocka_unit_test(any_order),
	};

	return cmocka_run_group_tests_name("ssh_memory", tests, NULL, NULL);
}
