from pathlib import Path

from benchmarks.accuracy.timing import Contestant, run_contest


def test_contestants_take_turns_and_slow_ones_are_cached(
    tmp_path: Path,
) -> None:
    pictures = [tmp_path / name for name in ("a", "b")]
    for picture in pictures:
        picture.write_bytes(picture.name.encode())
    calls: list[str] = []

    def contestant(name: str, cache_key: str = "") -> Contestant:
        def run(content: bytes) -> str:
            calls.append(f"{name} {content.decode()}")
            return content.decode().upper()

        return Contestant(name, lambda: run, cache_key)

    both = [contestant("quick"), contestant("slow", "slow-1.0")]
    for outcome in run_contest(both, pictures, tmp_path / "cache", "test"):
        assert outcome.results == ["A", "B"]
        assert not outcome.cost.is_cached
    warm_up_included = ["quick a", "quick a", "slow a", "slow a", "quick b", "slow b"]
    assert calls == warm_up_included

    quick, slow = run_contest(both, pictures, tmp_path / "cache", "test")
    assert (quick.cost.is_cached, slow.cost.is_cached) == (False, True)
    assert slow.results == ["A", "B"]
    assert calls[len(warm_up_included) :] == ["quick a", "quick a", "quick b"]

    run_contest([contestant("slow", "slow-1.1")], pictures, tmp_path / "cache", "test")
    assert calls[-1] == "slow b"
