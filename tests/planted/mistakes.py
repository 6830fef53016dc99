"""One-line mistakes, each with the test that must catch it.

To plant one is to replace ``old``, which stands in the file just once, by ``new``. test_planted.py plants
each in a copy of the package and runs that one test, which must fail.
"""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """What a person might write instead: ``file`` is in freepages/, ``test`` in tests/."""

    what: str
    file: str
    old: str
    new: str
    test: str


ZONE = "zone/test_zone.py::"
PERCPU = "zone/test_percpu.py::"
NODE = "zone/test_node.py::"
RING = "virtqueue/test_ring.py::"
DRIVER = "balloon/test_driver.py::"
QUEUES = "balloon/test_driver_queues.py::"
LOG = "host/test_dirty_log.py::"
SENDER = "host/test_migration.py::"
VERDICT = "search/test_fast.py::test_the_verdict_by_default"

MISTAKES = (
    # -- the allocator
    Mistake(
        "a block of order 9 goes last too",
        "zone/zone.py",
        "if order < MAX_ORDER - 2 and self._is_free(above",
        "if order < MAX_ORDER - 1 and self._is_free(above",
        ZONE + "test_a_block_whose_buddy_above_is_free_goes_last_and_the_order_below_the_largest_never_does",
    ),
    Mistake(
        "stealing goes on past the zone's end",
        "zone/zone.py",
        "if end > self.end_pfn:",
        "if at > self.end_pfn:",
        ZONE + "test_stealing_moves_the_free_pages_of_a_pageblock_that_the_zone_does_not_cut[0-15-moved3]",
    ),
    Mistake(
        "stealing begins at the zone's start",
        "zone/zone.py",
        "at = pfn  # of",
        "at = self.start_pfn  # of",
        ZONE + "test_stealing_moves_the_free_pages_of_a_pageblock_that_the_zone_does_not_cut[1-32-moved2]",
    ),
    Mistake(
        "movable steals from unmovable first",
        "pages/orders.py",
        "Migratetype.MOVABLE: (Migratetype.RECLAIMABLE, Migratetype.UNMOVABLE)",
        "Migratetype.MOVABLE: (Migratetype.UNMOVABLE, Migratetype.RECLAIMABLE)",
        ZONE + "test_movable_steals_from_reclaimable_before_it_steals_from_unmovable",
    ),
    Mistake(
        "the drain's turns begin with the unmovable list",
        "zone/percpu.py",
        "lists, turn, run = pages_of(zone, cpu), 0, 0",
        "lists, turn, run = pages_of(zone, cpu), -1, 0",
        PERCPU + "test_the_lists_take_turns_from_movable_on",
    ),
    Mistake(
        "who tries harder takes no half off first",
        "zone/watermark.py",
        "floor = mark - (mark // 2 if high else 0)",
        "floor = mark - (mark // 2 if high and not harder else 0)",
        NODE + "test_a_watermark_looks_for_a_large_enough_block_and_hides_the_atomic_reserve",
    ),
    Mistake(
        "the reserve against the zone itself",
        "zone/node.py",
        "self.lowmem_reserve[name].get(top, 0)",
        "self.lowmem_reserve[name].get(name, 0)",
        NODE + "test_who_may_use_a_higher_zone_leaves_more_of_a_lower_one",
    ),
    Mistake(
        "isolated pages count as free",
        "zone/zone.py",
        "if migratetype != ISOLATE:",
        "if migratetype != CMA:",
        ZONE + "test_isolated_pages_do_not_count_as_free",
    ),
    Mistake(
        "isolated pages go to the CPU's list",
        "zone/percpu.py",
        "if migratetype == ISOLATE:",
        "if migratetype == CMA:",
        PERCPU + "test_an_isolated_page_goes_to_the_zone_at_once_and_does_not_count",
    ),
    Mistake(
        "a drained page goes to its pageblock's lists",
        "zone/percpu.py",
        "if came_as is None or isolated:",
        "if came_as is None or not isolated:",
        PERCPU + "test_a_page_goes_back_to_the_type_that_it_came_with",
    ),
    Mistake(
        "a refill is taken from its other end",
        "zone/percpu.py",
        "pages.add_tail(pfn, came_as)",
        "pages.add(pfn, came_as)",
        PERCPU + "test_a_refill_takes_a_batch_and_hands_its_pages_out_ascending",
    ),
    Mistake(
        "a single page may come from the atomic reserve",
        "zone/zone.py",
        "if harder and order:",
        "if harder:",
        ZONE + "test_an_atomic_allocation_keeps_its_pageblock_for_others_of_its_kind",
    ),
    Mistake(
        "the atomic reserve has no bound",
        "zone/zone.py",
        "most = self.managed // 100 + (1 << self.pageblock_order)",
        "most = self.managed",
        ZONE + "test_the_reserve_is_a_pageblock_and_a_hundredth_of_the_zone_at_most",
    ),
    Mistake(
        "the atomic reserve is not hidden",
        "zone/watermark.py",
        "free -= zone.nr_reserved_highatomic",
        "free -= 0 * zone.nr_reserved_highatomic",
        NODE + "test_a_watermark_looks_for_a_large_enough_block_and_hides_the_atomic_reserve",
    ),
    Mistake(
        "pages of CMA count for everybody",
        "zone/watermark.py",
        "    if not cma:\n",
        "    if cma:\n",
        NODE + "test_pages_of_cma_are_for_movable_requests_only",
    ),
    Mistake(
        "a block counts as one page of the zone's share",
        "zone/node.py",
        "self.alloc_batch[name] -= 1 << order",
        "self.alloc_batch[name] -= 1",
        NODE + "test_zones_take_turns_by_their_share_before_one_is_emptied",
    ),
    Mistake(
        "zone DMA begins with a movable pageblock",
        "zone/node.py",
        "zone.set_pageblock_migratetype(first, first + 1, Migratetype.UNMOVABLE)",
        "zone.set_pageblock_migratetype(first, first + 1, Migratetype.MOVABLE)",
        NODE + "test_the_first_pageblock_is_unmovable_where_the_zone_does_not_begin_with_it",
    ),
    Mistake(
        "lowmem is 896 MiB",
        "zone/node.py",
        '"Normal": 0x377FE',
        '"Normal": 0x38000',
        NODE + "test_i386_has_highmem_where_lowmem_really_ends",
    ),
    Mistake(
        "the smallest block is stolen",
        "zone/zone.py",
        "for current_order in range(MAX_ORDER - 1, order - 1, -1):",
        "for current_order in range(order, MAX_ORDER):",
        ZONE + "test_an_empty_migratetype_steals_the_largest_block_in_the_order_of_the_table",
    ),
    Mistake(
        "the pageblock is taken over for any block",
        "zone/zone.py",
        "return order >= self.pageblock_order // 2 or migratetype != MOVABLE",
        "return order >= self.pageblock_order // 8 or migratetype != MOVABLE",
        ZONE + "test_a_movable_request_does_not_take_over_a_pageblock_for_a_small_block",
    ),
    Mistake(
        "the buddy's half is not left out when a merged block begins",
        "zone/zone.py",
        "            pfn &= buddy\n",
        "            pfn |= buddy\n",
        ZONE + "test_freeing_merges_all_the_way_up_by_pfn_xor",
    ),
    Mistake(
        "the walk leaves out the last page of a block",
        "zone/free_page_bitmap.py",
        "low, high = max(pfn, start), min(pfn + (1 << order), limit)",
        "low, high = max(pfn, start), min(pfn + (1 << order), limit) - 1",
        "zone/test_free_page_bitmap.py::"
        "test_a_block_past_the_limit_is_passed_and_one_that_it_cuts_is_marked_in_part",
    ),
    # -- the ring
    Mistake(
        "the index is not kept to 16 bits",
        "virtqueue/ring.py",
        "idx = (self.avail_idx + 1) & 0xFFFF",
        "idx = (self.avail_idx + 1) & 0x7FFF",
        RING + "test_the_indices_run_through_two_to_the_sixteenth",
    ),
    Mistake(
        "an event is needed one entry too late",
        "virtqueue/ring.py",
        "return (idx - event - 1) & 0xFFFF < moved",
        "return (idx - event) & 0xFFFF < moved",
        RING + "test_an_event_is_needed_when_the_index_passes_the_entry_that_is_waited_for",
    ),
    Mistake(
        "a used length is believed",
        "virtqueue/ring.py",
        "if written > writable and self.check_len:",
        "if written > writable + (1 << 32) and self.check_len:",
        RING + "test_a_used_entry_that_cannot_be_breaks_the_queue",
    ),
    Mistake(
        "a freed chain is not linked in front of the free list",
        "virtqueue/ring.py",
        "self._put_next(DESC_SIZE * last + NEXT_FIELD, self.free_head)",
        "self._put_next(DESC_SIZE * last + NEXT_FIELD, head)",
        RING + "test_the_free_list_is_in_the_next_fields",
    ),
    Mistake(
        "a head outside the table is followed",
        "virtqueue/ring.py",
        "if head >= self.num:",
        "if head > self.num:",
        RING + "test_a_faulty_chain_breaks_the_queue_for_the_device_and_for_the_decoder",
    ),
    Mistake(
        "a chain that is on its way back is taken a second time",
        "virtqueue/ring.py",
        "        del self.offers[head]\n",
        "        pass\n",
        RING + "test_a_chain_is_given_back_once",
    ),
    Mistake(
        "interrupts stay asked for",
        "virtqueue/ring.py",
        "return not self._get_avail(0)[0] & NO_INTERRUPT",
        "return True",
        RING + "test_without_event_idx_the_flags_decide",
    ),
    # -- the driver and its device
    Mistake(
        "a page leaves the balloon in the order in which it went in",
        "balloon/driver.py",
        "pfns.append(self.pages.pop())",
        "pfns.append(self.pages.pop(0))",
        DRIVER + "test_the_page_that_went_in_last_comes_out_first",
    ),
    Mistake(
        "the driver does not wait for its buffer",
        "balloon/driver.py",
        "            if (yield from vq.get_buf(ctx)):\n                return\n",
        "            if not (yield from vq.get_buf(ctx)):\n                return\n",
        DRIVER + "test_who_waits_for_an_acknowledgement_sleeps_until_it_is_woken_for_every_message",
    ),
    Mistake(
        "a driver with statistics only inflates all the same",
        "balloon/driver.py",
        "        if self.stats_only:\n",
        "        if not self.stats_only:\n",
        DRIVER + "test_stats_only_refuses_to_inflate_and_keeps_its_queues_and_statistics",
    ),
    Mistake(
        "an answer to an older request is believed",
        "balloon/free_pages_device.py",
        "if reply.id not in (None, self.current):",
        "if reply.id not in (None, self.current, self.current - 1):",
        "balloon/test_free_pages_device.py::test_an_answer_to_an_older_request_is_refused_and_nothing_skipped",
    ),
    # -- the log
    Mistake(
        "reading leaves the log as it is",
        "host/dirty_log.py",
        'self.bits = bits.copy() if self.mode != "auto" else self.empty()',
        "self.bits = bits.copy()",
        LOG + "test_auto_reading_clears_and_protects_again",
    ),
    Mistake(
        "what is written while the log is off is in it",
        "host/dirty_log.py",
        "        if not self.on:\n            return\n",
        "        if not self.on:\n            pass\n",
        LOG + "test_writes_while_the_log_is_off_are_not_seen",
    ),
    Mistake(
        "a late bit is seen at once",
        "host/dirty_log.py",
        "            self.pending |= caught\n",
        "            self.bits |= caught\n",
        LOG + "test_late_the_bit_of_a_write_is_seen_by_no_reading_until_it_settles",
    ),
    Mistake(
        "clearing does not protect",
        "host/dirty_log.py",
        "            self.protected |= these\n",
        "            self.protected |= self.empty()\n",
        LOG + "test_manual_reading_changes_nothing_until_the_range_is_cleared",
    ),
    Mistake(
        "a write is not logged",
        "host/dirty_log.py",
        "            self.bits |= caught\n",
        "            pass\n",
        VERDICT + "[everything-migrate]",
    ),
    # -- the sender
    Mistake(
        "the last sync is left out",
        "host/migration.py",
        "        self.sync()\n        self.send(",
        "        self.send(",
        VERDICT + "[snapshot-migrate]",
    ),
    Mistake(
        "the copy does not hear of a sync",
        "host/migration.py",
        "        if self.brought is not None:\n",
        "        if self.brought is None and dirty is None:\n",
        SENDER + "test_with_the_copy_nothing_written_since_is_lost_whenever_the_report_comes",
    ),
    Mistake(
        "a report is applied to the copy without what the log has brought",
        "host/migration.py",
        "        self.to_send |= self.brought\n",
        "",
        SENDER + "test_with_the_copy_nothing_written_since_is_lost_whenever_the_report_comes",
    ),
    Mistake(
        "a report always clears the log",
        "host/migration.py",
        "        if self.forgets:\n",
        "        if not self.forgets:\n",
        SENDER + "test_a_report_leaves_the_log_alone_unless_it_clears_it",
    ),
    Mistake(
        "the bandwidth is measured over the nominal 100 ms",
        "host/precopy.py",
        "used / (t - start) * SECOND",
        "used / WINDOW * SECOND",
        "host/test_precopy.py::test_the_bandwidth_is_measured_over_as_long_as_its_window_was",
    ),
    Mistake(
        "the guest is slowed down only where it dirties all that is sent",
        "host/precopy.py",
        "dirtied > (self.bytes - self._period_bytes) / 2",
        "dirtied > self.bytes - self._period_bytes",
        "host/test_precopy.py::"
        "test_a_guest_that_dirties_more_than_half_of_what_is_sent_is_slowed_down_step_by_step",
    ),
    Mistake(
        "the guest is slowed down once and no more",
        "host/precopy.py",
        "more = self.throttle + THROTTLE_MORE if self.throttle else THROTTLE_FIRST",
        "more = THROTTLE_FIRST",
        "host/test_precopy.py::"
        "test_a_guest_that_dirties_more_than_half_of_what_is_sent_is_slowed_down_step_by_step",
    ),
    Mistake(
        "the sender decides before its window has ended",
        "host/precopy.py",
        "if not due and self._used_up():",
        "if due and self._used_up():",
        "migrate/test_recorded.py::test_the_model_sends_the_same_pages_in_nearly_the_same_time",
    ),
    Mistake(
        "a hint lands in the middle of a section since QEMU 6.1 too",
        "host/precopy.py",
        "whole = t + SECTION if self.qemu.whole_sections else horizon",
        "whole = horizon",
        "migrate/test_recorded.py::test_the_model_never_sends_the_pages_that_qemu_never_sent",
    ),
    Mistake(
        "the driver hints at blocks of zone Movable",
        "migrate/hint_floors.py",
        "if zone.name not in NOT_HINTED_AT",
        "if True",
        "migrate/test_recorded.py::"
        "test_hinted_at_are_the_largest_blocks_of_the_zones_that_a_kernel_allocates_of_for_itself",
    ),
    Mistake(
        "a page's size is taken from memory that is not managed yet",
        "real/reading.py",
        "NEARLY = 0.2",
        "NEARLY = 0.4",
        "real/test_field.py::test_memory_that_is_not_managed_yet_makes_no_larger_pages",
    ),
    # -- the proposals
    Mistake(
        "snapshot syncs before it clears",
        "debate/proposals.py",
        "precopy(w, sync=False, stop=False)\n        yield from apply(w, report.pages)\n\n\nSNAP",
        "precopy(w, stop=False)\n        yield from apply(w, report.pages)\n\n\nSNAP",
        VERDICT + "[snapshot-migrate]",
    ),
    Mistake(
        "locked drops the lock before the host has answered",
        "debate/proposals.py",
        "            yield from until_returned(w)\n            yield from drop_lock(w)\n",
        "            yield from drop_lock(w)\n            yield from until_returned(w)\n",
        VERDICT + "[locked-discard]",
    ),
    Mistake(
        "the host gives the buffer back before it has used what it lists",
        "debate/proposals.py",
        "            yield from apply(w, event.pages)\n            w.mail.returned += 1\n\n\nLOCKED",
        "            w.mail.returned += 1\n            yield from apply(w, event.pages)\n\n\nLOCKED",
        VERDICT + "[inflate_deflate-discard]",
    ),
    Mistake(
        "the id of an answer is not looked at",
        "debate/proposals.py",
        "elif event.id == current:",
        "elif event.id is not None:",
        "debate/test_freedom.py::test_a_stale_answer_is_ignored_and_a_matching_one_applied_once",
    ),
    Mistake(
        "a window is opened from any state",
        "debate/proposals.py",
        "window = OPEN if window is ASKED else CLOSED",
        "window = CLOSED if window is OPEN else OPEN",
        "debate/test_freedom.py::test_the_stop_of_a_window_that_a_sync_has_closed_opens_none",
    ),
    Mistake(
        "what page_reporting has isolated is put back at once",
        "debate/proposals.py",
        "        yield from until_returned(w)\n        yield from put_back(w, pages)\n",
        "        yield from put_back(w, pages)\n        yield from until_returned(w)\n",
        VERDICT + "[page_reporting-discard]",
    ),
    Mistake(
        "what is locked may be used by the time it is discarded",
        "debate/proposals.py",
        "            yield from answer(w, bitmap, request)\n            yield from until_returned(w)\n",
        "            yield from drop_lock(w)\n            yield from answer(w, bitmap, request)\n"
        "            yield from until_returned(w)\n",
        VERDICT + "[locked-migrate]",
    ),
    Mistake(
        "the bitmap is built without the lock",
        "debate/guest_verbs.py",
        "    if w.assume.no_lock_while_building:\n        found",
        "    if not w.assume.no_lock_while_building:\n        found",
        VERDICT + "[locked-migrate]",
    ),
    # -- the search
    Mistake(
        "the plain search goes deep first",
        "search/plain.py",
        "schedule = waiting.popleft()",
        "schedule = waiting.pop()",
        "search/test_plain.py::test_the_first_found_is_the_shortest_and_the_first_of_its_length",
    ),
    Mistake(
        "a search that was cut short says that it saw all",
        "search/plain.py",
        'return Found("UNDETERMINED", limit, len(schedule))',
        'return Found("PROVED", limit, len(schedule))',
        "search/test_plain.py::test_a_search_that_was_cut_short_is_undetermined_and_says_how_far_it_came",
    ),
    Mistake(
        "no state is followed on once",
        "search/plain.py",
        "        seen.add(state)\n",
        "        seen.add(schedule)\n",
        "search/test_plain.py::test_states_with_one_key_are_followed_on_once",
    ),
)
