/* What the bitmap algebra in numpy is measured against: one pass of a & ~b, word by word, in place. */
#include <stdint.h>

void and_not(uint64_t *a, const uint64_t *b, uint64_t words)
{
	for (uint64_t i = 0; i < words; i++)
		a[i] &= ~b[i];
}
