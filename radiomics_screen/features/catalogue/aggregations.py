"""Of which slices and directions matrices are made, and how the values of several become one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Aggregation:
    """One way to aggregate: its code in the IBSI, and what is done."""

    code: str
    definition: str

    def to_dict(self) -> dict[str, str]:
        """Return code and definition as plain data."""
        return {"code": self.code, "definition": self.definition}


#: Of a family that measures the volume as a whole, and has no matrices.
VOLUME = "DHQ4"

#: By the suffix of the columns, without its first underscore. Slices without a voxel of the region
#: and matrices without entries have no part in a mean.
AGGREGATIONS: dict[str, Aggregation] = {
    "2D_avg": Aggregation(
        "BTW3", "one matrix for each slice and in-plane direction; mean of the values of all of them"
    ),
    "2D_comb": Aggregation(
        "SUJT", "one matrix for each slice, the sum over its in-plane directions; mean of the slices' values"
    ),
    "2_5D_avg": Aggregation(
        "JJUI",
        "one matrix for each in-plane direction, the sum over all slices; mean of the directions' values",
    ),
    "2_5D_comb": Aggregation("ZW7Z", "one matrix, the sum over all slices and in-plane directions"),
    "3D_avg": Aggregation("ITBB", "one matrix for each of the 13 directions in 3D; mean of their values"),
    "3D_comb": Aggregation("IAZD", "one matrix, the sum over the 13 directions in 3D"),
    "2D": Aggregation("8QNN", "one matrix for each slice, neighbours in the slice; mean of their values"),
    "2_5D": Aggregation("62GR", "one matrix, the sum over all slices, neighbours in the slice"),
    "3D": Aggregation("KOBO", "one matrix of the volume, neighbours in 3D"),
}

#: Of matrices that have a direction, and of those that have none.
DIRECTED = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb")
UNDIRECTED = ("2D", "2_5D", "3D")

#: What weightingNorm does to matrices that are summed; the weight follows.
WEIGHTED = "weighted, where d is the length of the direction's step in mm under that norm, by "

#: How pyradiomics' families of these two kinds aggregate.
BY_DIRECTION = (
    "Features are the mean over the directions, which is the IBSI's ITBB; with force2D over those in the "
    "slice, each with one matrix of all slices, JJUI. With weightingNorm the matrices are summed instead: "
    f"with no_weighting as they are (IAZD; with force2D ZW7Z), else {WEIGHTED}"
)
AT_ONCE = (
    "One matrix of the volume, which is the IBSI's KOBO; with force2D, one of all slices with neighbours in "
    "the slice, 62GR. "
)
