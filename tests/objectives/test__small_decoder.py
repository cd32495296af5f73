import pytest

from nlp_ssl import registry
from nlp_ssl.objectives._small_decoder import WithSmallDecoder

OBJECTIVES = {name: registry.find("objectives", name) for name in registry.names("objectives")}


def test_every_objective_with_layers_of_a_decoder_bounds_them_alike() -> None:
    shared = {name: cls for name, cls in OBJECTIVES.items() if issubclass(cls, WithSmallDecoder)}
    assert set(shared) >= {"mae", "retromae", "tsdae", "skip_thought"}
    assert set(shared) == {name for name, cls in OBJECTIVES.items() if hasattr(cls, "decoder_layers")}
    for cls in shared.values():
        assert (cls().decoder_layers, cls(decoder_layers=100).decoder_layers) == (1, 100)
        for wrong in (0, 101):
            with pytest.raises(ValueError, match=f"decoder_layers is {wrong}: it must lie in 1..100"):
                cls(decoder_layers=wrong)
