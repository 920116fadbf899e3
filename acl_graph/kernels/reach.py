"""Bulk reach: every subject and every thing, without ever touching a pair that a shared set already answers.

Legend: U subjects · Z sets · V variants (a list of sets and extras that several things share) · C classes (distinct
lists with one gate row) · J instances (things of one variant under one gate row). `ptr` arrays are int64.
"""

import numpy as np

from acl_graph.kernels.compiled import compiled


@compiled
def lists(
    v_place,
    v_site,
    v_want,
    v_bare,
    place_ptr,
    e_set,
    e_user,
    e_mask,
    e_anyone,
    site_ptr,
    s_set,
    more_set,
    more_mask,
    group_ptr,
    groups,
    extra_ptr,
    extras,
):
    """Write, for every variant, the sets and the single subjects whose masks suffice; uint8[V]: 1 where masks add up.

    v_want uint64: bits a mask must have · v_bare: Anyone entries do not count · e_set int32 / e_user int32: one of them
    is -1 · more_*: sets that stand on every place of a site. `groups` and `extras` are int32 and long enough for all.
    A variant is flagged when masks that do not suffice alone would together: the caller asks it pair by pair.
    """
    flagged = np.empty(v_place.shape[0], np.uint8)
    n_groups = np.int64(0)
    n_extras = np.int64(0)
    for v in range(v_place.shape[0]):
        flagged[v] = 0
        want = v_want[v]
        together = np.uint64(0)
        for at in range(place_ptr[v_place[v]], place_ptr[v_place[v] + 1]):
            if v_bare[v] and e_anyone[at]:
                continue
            if e_mask[at] & want == want:
                if e_set[at] >= 0:
                    groups[n_groups] = e_set[at]
                    n_groups += 1
                elif e_user[at] >= 0:
                    extras[n_extras] = e_user[at]
                    n_extras += 1
            else:
                together |= e_mask[at]
        if v_site[v] >= 0:
            for at in range(site_ptr[v_site[v]], site_ptr[v_site[v] + 1]):
                groups[n_groups] = s_set[at]
                n_groups += 1
            for at in range(more_set.shape[0]):
                if more_mask[at] & want == want:
                    groups[n_groups] = more_set[at]
                    n_groups += 1
        group_ptr[v + 1] = n_groups
        extra_ptr[v + 1] = n_extras
        if together & want == want:
            flagged[v] = 1
    return flagged


@compiled
def name_lists(ptr, values, start, length, names):
    """Give equal lists one name: sort each slice of `values`, drop repeats, and look it up exactly.

    start int64[V], length int64[V]: where each list lies after repeats are gone · names int32[V] (out).
    Returns the number of names. A hash only chooses where to look; lists are compared element by element.
    """
    n = ptr.shape[0] - 1
    size = 16
    while size < 2 * n + 2:
        size *= 2
    table = np.empty(size, np.int32)
    for slot in range(size):
        table[slot] = -1
    first = np.empty(n, np.int32)
    n_names = 0
    for v in range(n):
        low, high = ptr[v], ptr[v + 1]
        count = high - low
        gap = count // 2  # Shell sort: in place, no recursion, and it compiles in a tenth of np.sort's time
        while gap > 0:
            for i in range(low + gap, high):
                value = values[i]
                j = i
                while j >= low + gap and values[j - gap] > value:
                    values[j] = values[j - gap]
                    j -= gap
                values[j] = value
            gap //= 2
        end = low
        for i in range(low, high):
            if i == low or values[i] != values[end - 1]:
                values[end] = values[i]
                end += 1
        start[v] = low
        length[v] = end - low
        code = np.uint64(1469598103934665603)
        for i in range(low, end):
            code = (code ^ np.uint64(values[i] + 1)) * np.uint64(1099511628211)
            code ^= code >> np.uint64(29)
        slot = np.int64(code & np.uint64(size - 1))
        while True:
            name = table[slot]
            if name == -1:
                table[slot] = n_names
                first[n_names] = v
                names[v] = n_names
                n_names += 1
                break
            other = first[name]
            if length[other] == length[v]:
                same = True
                for i in range(length[v]):
                    if values[start[other] + i] != values[low + i]:
                        same = False
                        break
                if same:
                    names[v] = name
                    break
            slot = (slot + 1) & (size - 1)
    return n_names


@compiled
def name_pairs(first, second, names, example):
    """Give equal pairs (first[i], second[i]) one name, in order of appearance; `example` int64: a position of each."""
    n = first.shape[0]
    size = 16
    while size < 2 * n + 2:
        size *= 2
    table = np.empty(size, np.int32)
    for slot in range(size):
        table[slot] = -1
    n_names = 0
    for i in range(n):
        key = (np.uint64(first[i]) << np.uint64(32)) | np.uint64(second[i])
        code = key * np.uint64(11400714819323198485)
        slot = np.int64((code ^ (code >> np.uint64(31))) & np.uint64(size - 1))
        while True:
            name = table[slot]
            if name == -1:
                table[slot] = n_names
                example[n_names] = i
                names[i] = n_names
                n_names += 1
                break
            if first[example[name]] == first[i] and second[example[name]] == second[i]:
                names[i] = name
                break
            slot = (slot + 1) & (size - 1)
    return n_names


@compiled
def totals(of, values, sums):
    """sums[of[i]] += values[i], row by row; int64."""
    for i in range(of.shape[0]):
        for k in range(values.shape[1]):
            sums[of[i], k] += values[i, k]


@compiled
def spans(c_start, c_length, class_sets, set_ptr, set_pops, c_base, c_big):
    """For every class the populations it holds (uint32) and its largest set (-1 where populations are its base)."""
    for c in range(c_start.shape[0]):
        base = np.uint32(0)
        big = -1
        most = np.int64(-1)
        for at in range(c_start[c], c_start[c] + c_length[c]):
            s = class_sets[at]
            base |= set_pops[s]
            size = set_ptr[s + 1] - set_ptr[s]
            if size > most:
                most = size
                big = s
        c_base[c] = base
        c_big[c] = -1 if base != 0 else big


@compiled
def reach(
    low,
    high,
    order,
    c_start,
    c_length,
    class_sets,
    c_base,
    c_big,
    c_row,
    c_sums,
    inst_ptr,
    inst_sums,
    inst_variant,
    extra_ptr,
    extras,
    set_ptr,
    set_users,
    user_pops,
    bits,
    is_guest,
    u_sums,
    inst_users,
    inst_guests,
    stamp,
    seen,
    tokens,
    buffer,
):
    """Add up classes order[low:high]: per subject what it reaches (u_sums int64[U, 3]), per instance who reaches it.

    Classes come ordered by (row, base, big), so that what many lists share - a population, or their largest set - is
    walked once for all of them and takes their sums together; every class then walks only the rest of its sets, and
    every instance its extras. `stamp` and `seen` int64[U] mark who has been counted; `tokens` int64[2] keeps them fresh
    between calls. bits uint64[rows, words]: who passes a gate row.
    """
    n_users = user_pops.shape[0]
    k = low
    while k < high:
        head = order[k]
        base, big, row = c_base[head], c_big[head], c_row[head]
        tokens[0] += 1
        token = tokens[0]
        n = 0
        guests = 0
        if base != 0:
            for u in range(n_users):
                if user_pops[u] & base and (bits[row, u >> 6] >> np.uint64(u & 63)) & np.uint64(1):
                    stamp[u] = token
                    buffer[n] = u
                    n += 1
                    guests += is_guest[u]
        elif big >= 0:
            for at in range(set_ptr[big], set_ptr[big + 1]):
                u = set_users[at]
                if stamp[u] != token and (bits[row, u >> 6] >> np.uint64(u & 63)) & np.uint64(1):
                    stamp[u] = token
                    buffer[n] = u
                    n += 1
                    guests += is_guest[u]
        shared0 = np.int64(0)
        shared1 = np.int64(0)
        shared2 = np.int64(0)
        while k < high:
            c = order[k]
            if c_base[c] != base or c_big[c] != big or c_row[c] != row:
                break
            k += 1
            tokens[1] += 1
            mark = tokens[1]
            count = n
            class_guests = guests
            for at in range(c_start[c], c_start[c] + c_length[c]):
                s = class_sets[at]
                if s == big:
                    continue
                for position in range(set_ptr[s], set_ptr[s + 1]):
                    u = set_users[position]
                    if stamp[u] == token or seen[u] == mark:
                        continue
                    if (bits[row, u >> 6] >> np.uint64(u & 63)) & np.uint64(1) == 0:
                        continue
                    seen[u] = mark
                    count += 1
                    class_guests += is_guest[u]
                    u_sums[u, 0] += c_sums[c, 0]
                    u_sums[u, 1] += c_sums[c, 1]
                    u_sums[u, 2] += c_sums[c, 2]
            shared0 += c_sums[c, 0]
            shared1 += c_sums[c, 1]
            shared2 += c_sums[c, 2]
            for i in range(inst_ptr[c], inst_ptr[c + 1]):
                v = inst_variant[i]
                more = 0
                more_guests = 0
                for at in range(extra_ptr[v], extra_ptr[v + 1]):
                    u = extras[at]
                    if stamp[u] == token or seen[u] == mark:
                        continue
                    repeated = False
                    for before in range(extra_ptr[v], at):
                        if extras[before] == u:
                            repeated = True
                            break
                    if repeated or (bits[row, u >> 6] >> np.uint64(u & 63)) & np.uint64(1) == 0:
                        continue
                    more += 1
                    more_guests += is_guest[u]
                    u_sums[u, 0] += inst_sums[i, 0]
                    u_sums[u, 1] += inst_sums[i, 1]
                    u_sums[u, 2] += inst_sums[i, 2]
                inst_users[i] = count + more
                inst_guests[i] = class_guests + more_guests
        for i in range(n):
            u = buffer[i]
            u_sums[u, 0] += shared0
            u_sums[u, 1] += shared1
            u_sums[u, 2] += shared2


@compiled
def on_lists(
    asked_variant,
    asked_user,
    asked_ptr,
    start,
    length,
    sets,
    extra_ptr,
    extras,
    set_ptr,
    set_users,
    set_pops,
    user_pops,
    stamp,
    found,
):
    """found uint8[i]: whether asked_user[i] is on the list of asked_variant[k], for i in asked_ptr[k]:asked_ptr[k+1].

    `stamp` int64[U] starts at -1.
    """
    for k in range(asked_variant.shape[0]):
        v = asked_variant[k]
        base = np.uint32(0)
        for at in range(start[v], start[v] + length[v]):
            s = sets[at]
            base |= set_pops[s]
            for position in range(set_ptr[s], set_ptr[s + 1]):
                stamp[set_users[position]] = k
        for at in range(extra_ptr[v], extra_ptr[v + 1]):
            stamp[extras[at]] = k
        for i in range(asked_ptr[k], asked_ptr[k + 1]):
            u = asked_user[i]
            found[i] = stamp[u] == k or (user_pops[u] & base) != 0
