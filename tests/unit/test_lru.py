from promptpilot.services.lru import LruCache


def test_what_was_used_last_is_kept() -> None:
    cache: LruCache[str, int] = LruCache(3)
    for number, key in enumerate("abc"):
        cache.put(key, number, 1)
    assert cache.get("a") == 0
    cache.put("d", 3, 1)
    assert [cache.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_heavy_values_push_out_several() -> None:
    cache: LruCache[str, int] = LruCache(4)
    for number, key in enumerate("abcd"):
        cache.put(key, number, 1)
    cache.put("e", 4, 3)
    assert [cache.get(key) for key in "abcde"] == [None, None, None, 3, 4]


def test_a_value_heavier_than_all_is_not_kept() -> None:
    cache: LruCache[str, int] = LruCache(4)
    cache.put("a", 0, 1)
    cache.put("b", 1, 5)
    assert (cache.get("a"), cache.get("b")) == (0, None)


def test_a_replaced_value_weighs_once() -> None:
    cache: LruCache[str, int] = LruCache(4)
    cache.put("a", 0, 2)
    for number in range(10):
        cache.put("b", number, 2)
    assert (cache.get("a"), cache.get("b")) == (0, 9)
