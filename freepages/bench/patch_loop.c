/*
 * Four ways to mark the free blocks of a zone in a bitmap, in C, to measure the numpy way against.
 *
 * Every function takes the same lists: heads[order][0 .. blocks[order]) are the first pfns of the free blocks of
 * 2^order pages, aligned and not overlapping. It sets the bits of the pages below limit, which is a multiple of
 * 1024, in a zeroed little-endian bitmap of limit / 8 bytes. The lists are arrays: a kernel that follows
 * list_head pointers through struct page waits for memory once a block on top of this.
 */
#include <stdint.h>
#include <string.h>

#define ORDERS 11

/* Linux set_bit() on x86 is `lock bts` with the bit number in a register; elsewhere it is an atomic or. */
static inline void set_bit_locked(uint32_t bit, uint64_t *bitmap)
{
#if defined(__x86_64__)
	__asm__ volatile("lock btsq %1, %0" : "+m"(*bitmap) : "r"((uint64_t)bit) : "memory", "cc");
#else
	__atomic_fetch_or((uint8_t *)bitmap + bit / 8, (uint8_t)(1u << bit % 8), __ATOMIC_RELAXED);
#endif
}

/* As the patch of April 2016 does it: one locked bit set for every page. */
void patch_loop(const uint32_t *const *heads, const uint64_t *blocks, uint64_t *bitmap, uint64_t limit)
{
	for (int order = 0; order < ORDERS; order++)
		for (uint64_t i = 0; i < blocks[order]; i++)
			for (uint32_t page = 0; page < 1u << order; page++)
				if (heads[order][i] + page < limit)
					set_bit_locked(heads[order][i] + page, bitmap);
}

/* The same without the lock prefix: nobody else writes to this bitmap. */
void plain_bits(const uint32_t *const *heads, const uint64_t *blocks, uint64_t *bitmap, uint64_t limit)
{
	uint8_t *bytes = (uint8_t *)bitmap;

	for (int order = 0; order < ORDERS; order++)
		for (uint64_t i = 0; i < blocks[order]; i++)
			for (uint32_t page = 0; page < 1u << order; page++) {
				uint32_t pfn = heads[order][i] + page;

				if (pfn < limit)
					bytes[pfn / 8] |= (uint8_t)(1u << pfn % 8);
			}
}

/* One general range of bits for a block, as bitmap_set() of the series of July 2016. */
static void set_range(uint8_t *bytes, uint64_t lo, uint64_t hi)
{
	uint8_t first = (uint8_t)(0xff << lo % 8), last = (uint8_t)(0xff >> (7 - (hi - 1) % 8));

	if (lo / 8 == (hi - 1) / 8) {
		bytes[lo / 8] |= first & last;
		return;
	}
	bytes[lo / 8] |= first;
	memset(bytes + lo / 8 + 1, 0xff, (hi - 1) / 8 - lo / 8 - 1);
	bytes[(hi - 1) / 8] |= last;
}

void per_block(const uint32_t *const *heads, const uint64_t *blocks, uint64_t *bitmap, uint64_t limit)
{
	for (int order = 0; order < ORDERS; order++)
		for (uint64_t i = 0; i < blocks[order]; i++) {
			uint64_t lo = heads[order][i], hi = lo + (1u << order);

			if (lo < limit)
				set_range((uint8_t *)bitmap, lo, hi < limit ? hi : limit);
		}
}

/* What alignment allows: a block of order 3 or more is whole bytes, so it is stored, not merged. */
void word_wise(const uint32_t *const *heads, const uint64_t *blocks, uint64_t *bitmap, uint64_t limit)
{
	uint8_t *bytes = (uint8_t *)bitmap;

	for (int order = 0; order < 3; order++) {
		const uint32_t mask = (1u << (1u << order)) - 1;

		for (uint64_t i = 0; i < blocks[order]; i++) {
			uint32_t pfn = heads[order][i];

			if (pfn < limit)
				bytes[pfn / 8] |= (uint8_t)(mask << pfn % 8);
		}
	}
#define STORE(order, unit)                                                                                    \
	for (uint64_t i = 0; i < blocks[order]; i++)                                                          \
		if (heads[order][i] < limit)                                                                  \
			((unit *)bitmap)[heads[order][i] >> order] = (unit)-1;
	STORE(3, uint8_t)
	STORE(4, uint16_t)
	STORE(5, uint32_t)
	STORE(6, uint64_t)
#define FILL(order)                                                                                           \
	for (uint64_t i = 0; i < blocks[order]; i++)                                                          \
		if (heads[order][i] < limit)                                                                  \
			memset(bytes + heads[order][i] / 8, 0xff, (1u << order) / 8);
	FILL(7)
	FILL(8)
	FILL(9)
	FILL(10)
}
