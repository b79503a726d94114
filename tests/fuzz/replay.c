/* SPDX-License-Identifier: ISC */
/*
 * A fuzz target without a fuzzer: runs it on the empty input and on every file
 * of the folders given, and prints TAP, one test for each folder.  The name of
 * each file goes out before it is run, so that the last one before a crash is
 * the culprit; the input is copied to memory of just its size, so that the
 * sanitizers see a read beyond it.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argcp, char ***argvp);

/* Returns 1 for a file that was run, 0 for what is no file, -1 on failure. */
static int
run_file(const char *path)
{
	struct stat st;
	uint8_t *data = NULL;
	FILE *f;
	int result = -1;

	f = fopen(path, "rb");
	if (f == NULL || fstat(fileno(f), &st) != 0)
		goto out;
	if (!S_ISREG(st.st_mode)) {
		result = 0;
		goto out;
	}
	data = malloc((size_t)st.st_size + (st.st_size == 0));
	if (data == NULL ||
	    fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		goto out;
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	result = 1;
out:
	free(data);
	if (f != NULL)
		fclose(f);
	return result;
}

/* Returns how many files were run, or -1 when one cannot be read. */
static int
run_folder(const char *folder)
{
	struct dirent **list = NULL;
	char path[4096];
	int n = scandir(folder, &list, NULL, alphasort);
	int runs = n < 0 ? -1 : 0;

	for (int i = 0; i < n; i++) {
		int r = -1;
		int len = snprintf(
		    path, sizeof(path), "%s/%s", folder, list[i]->d_name);

		if (len > 0 && (size_t)len < sizeof(path))
			r = run_file(path);
		if (r < 0)
			printf("# cannot read %s\n", path);
		runs = r < 0 || runs < 0 ? -1 : runs + r;
		free(list[i]);
	}
	free(list);
	return runs;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	printf("1..%d\n", argc);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok 1 - the empty input\n");
	for (int i = 1; i < argc; i++) {
		int runs = run_folder(argv[i]);

		printf("%sok %d - %s, %d inputs\n", runs > 0 ? "" : "not ",
		    i + 1, argv[i], runs);
		failed |= runs <= 0;
	}
	return failed;
}
