"""Groups become sets: circles are condensed, then each component's users are collected once, children first.

Legend: G groups, C components, U users; `ptr` arrays are int64 of length n + 1; everything else int32 unless said.
"""

import numpy as np

from acl_graph.kernels.compiled import compiled


@compiled
def components(ptr, targets):
    """Strongly connected components of the graph `targets[ptr[g]:ptr[g+1]]` (Tarjan 1972, iterative).

    Returns int32[G]: component of each node. A component's number is larger than those of all components that it can
    reach, so going through them in order meets children before parents. Each node is pushed once: circles end.
    """
    n = ptr.shape[0] - 1
    component = np.empty(n, np.int32)
    index = np.empty(n, np.int32)
    low = np.empty(n, np.int32)
    on_stack = np.empty(n, np.bool_)
    for node in range(n):
        component[node] = -1
        index[node] = -1
        low[node] = 0
        on_stack[node] = False
    stack = np.empty(n, np.int32)
    path = np.empty(n, np.int32)
    edge = np.empty(n, np.int64)
    n_stack = 0
    n_index = 0
    n_components = 0
    for root in range(n):
        if index[root] != -1:
            continue
        depth = 0
        path[0] = root
        edge[0] = ptr[root]
        index[root] = low[root] = n_index
        n_index += 1
        stack[n_stack] = root
        n_stack += 1
        on_stack[root] = True
        while depth >= 0:
            node = path[depth]
            if edge[depth] < ptr[node + 1]:
                child = targets[edge[depth]]
                edge[depth] += 1
                if index[child] == -1:
                    depth += 1
                    path[depth] = child
                    edge[depth] = ptr[child]
                    index[child] = low[child] = n_index
                    n_index += 1
                    stack[n_stack] = child
                    n_stack += 1
                    on_stack[child] = True
                elif on_stack[child] and index[child] < low[node]:
                    low[node] = index[child]
                continue
            if low[node] == index[node]:
                while True:
                    n_stack -= 1
                    member = stack[n_stack]
                    on_stack[member] = False
                    component[member] = n_components
                    if member == node:
                        break
                n_components += 1
            depth -= 1
            if depth >= 0 and low[node] < low[path[depth]]:
                low[path[depth]] = low[node]
    return component


@compiled
def flatten(first, member_ptr, members, child_ptr, children, user_ptr, users, pops, user_pops, set_ptr, room, seen):
    """Collect the users of components `first`, `first + 1`, ... into `room` (int32); stop where it may not suffice.

    member: component -> its nodes · child: node -> components it contains · user: node -> users.
    `pops` uint32[C] (in and out): bit mask of populations a component contains; a user who is in one of them
    (`user_pops` uint32[U]) is not listed one by one. `set_ptr[c + 1]` is filled as component c is done.
    `seen` int32[U] starts at -1. Returns the next component to do: call again with more room until it is C.
    """
    n_components = member_ptr.shape[0] - 1
    for c in range(first, n_components):
        start = set_ptr[c]
        most = np.int64(0)
        mask = pops[c]
        for at in range(member_ptr[c], member_ptr[c + 1]):
            node = members[at]
            most += user_ptr[node + 1] - user_ptr[node]
            for edge in range(child_ptr[node], child_ptr[node + 1]):
                child = children[edge]
                mask |= pops[child]
                if child != c:
                    most += set_ptr[child + 1] - set_ptr[child]
        if start + most > room.shape[0]:
            return c
        pops[c] = mask
        end = start
        for at in range(member_ptr[c], member_ptr[c + 1]):
            node = members[at]
            for position in range(user_ptr[node], user_ptr[node + 1]):
                user = users[position]
                if seen[user] != c and user_pops[user] & mask == 0:
                    seen[user] = c
                    room[end] = user
                    end += 1
            for edge in range(child_ptr[node], child_ptr[node + 1]):
                child = children[edge]
                if child == c:
                    continue
                for position in range(set_ptr[child], set_ptr[child + 1]):
                    user = room[position]
                    if seen[user] != c and user_pops[user] & mask == 0:
                        seen[user] = c
                        room[end] = user
                        end += 1
        set_ptr[c + 1] = end
    return n_components


@compiled
def below(ptr, targets, starts):
    """bool[G]: the nodes that can be reached from `starts`, themselves included. Each node is pushed once."""
    reached = np.empty(ptr.shape[0] - 1, np.bool_)  # np.full and np.zeros cost more to compile than this loop
    for node in range(ptr.shape[0] - 1):
        reached[node] = False
    stack = np.empty(ptr.shape[0], np.int32)
    n_stack = 0
    for start in starts:
        if not reached[start]:
            reached[start] = True
            stack[n_stack] = start
            n_stack += 1
    while n_stack:
        n_stack -= 1
        node = stack[n_stack]
        for edge in range(ptr[node], ptr[node + 1]):
            child = targets[edge]
            if not reached[child]:
                reached[child] = True
                stack[n_stack] = child
                n_stack += 1
    return reached
