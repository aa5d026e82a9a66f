# SPDX-License-Identifier: BSD-3-Clause-Clear
"""BD-rate against published rows, an independent package and closed forms.

The curves are means over Kodak of `shared/data/peers/rd_kodak.csv`: (bpp, RGB PSNR, -10 log10(1 - mean MS-SSIM)).
Restricted values: the tables of `shared/research/peers.md`. Unrestricted: bjontegaard 1.3.0, method "pchip".
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.ctc.bdrate import Curve, bd_metric, bd_rate, overlap, shared_interval
from refsw.errors import InputError

POINTS = {
    "jpeg420": (
        (0.097435, 21.683514, 5.662058),
        (0.140802, 23.852218, 7.146337),
        (0.210114, 25.84856, 8.955565),
        (0.298187, 27.327218, 10.429616),
        (0.416316, 28.804588, 12.231923),
        (0.582008, 30.27381, 14.06935),
        (0.743263, 31.422047, 15.481036),
        (0.980641, 32.760683, 17.009205),
        (1.334355, 34.437163, 18.702147),
        (1.777596, 36.215493, 20.253941),
    ),
    "webp_m6": (
        (0.10257, 25.674855, 8.480999),
        (0.174198, 27.36609, 10.396212),
        (0.229562, 28.285539, 11.403326),
        (0.295839, 29.214679, 12.419358),
        (0.396617, 30.396475, 13.619708),
        (0.55662, 32.002793, 15.079543),
        (0.727307, 33.428754, 16.380942),
        (0.90242, 34.654799, 17.460922),
        (1.25548, 36.699709, 19.158086),
        (1.700061, 38.652986, 20.946442),
    ),
    "avif444_s6_psnr": (
        (0.078868, 26.124289, 8.741963),
        (0.123834, 27.449448, 10.077857),
        (0.17593, 28.591528, 11.241586),
        (0.262584, 30.058656, 12.724371),
        (0.384029, 31.632523, 14.315561),
        (0.549582, 33.331069, 15.936959),
        (0.758301, 35.060072, 17.521839),
        (1.065611, 37.063982, 19.304927),
        (1.344345, 38.501031, 20.550659),
        (1.802979, 40.426087, 22.264775),
    ),
    "vvc420_vvenc_fast": (
        (0.054279, 26.058019, 8.651118),
        (0.10837, 27.961331, 10.517085),
        (0.20492, 29.989206, 12.511591),
        (0.362269, 32.186446, 14.617085),
        (0.600071, 34.634456, 16.897429),
        (0.920091, 37.037265, 19.086114),
        (1.327764, 39.200069, 21.085821),
    ),
    "j2k_cq": (
        (0.078601, 23.826376, 6.96782),
        (0.148961, 25.821375, 8.647686),
        (0.223873, 27.315862, 9.968687),
        (0.321584, 28.83073, 11.384474),
        (0.439776, 30.332524, 12.780037),
        (0.583765, 31.849863, 14.203633),
        (0.818386, 33.856932, 16.076573),
        (1.085623, 35.858887, 17.790475),
        (1.494971, 38.310171, 20.018651),
    ),
}
PSNR, MSSIM = 1, 2


def curve(name: str, metric: int) -> Curve:
    return Curve.from_points(name, [(point[0], point[metric]) for point in POINTS[name]])


@pytest.mark.parametrize(
    ("anchor", "test", "psnr", "msssim"),
    [
        ("jpeg420", "webp_m6", -37.2, -27.7),
        ("jpeg420", "avif444_s6_psnr", -53.8, -41.0),
        ("jpeg420", "vvc420_vvenc_fast", -63.3, -50.8),
        ("jpeg420", "j2k_cq", -29.0, -11.2),
        ("avif444_s6_psnr", "jpeg420", 110.1, 63.2),
        ("avif444_s6_psnr", "webp_m6", 32.9, 22.3),
        ("avif444_s6_psnr", "vvc420_vvenc_fast", -17.6, -14.5),
        ("avif444_s6_psnr", "j2k_cq", 44.0, 53.3),
    ],
)
def test_published_rows(anchor: str, test: str, psnr: float, msssim: float) -> None:
    for metric, expected in ((PSNR, psnr), (MSSIM, msssim)):
        assert bd_rate(curve(anchor, metric), curve(test, metric)) == pytest.approx(expected, abs=0.0501)


@pytest.mark.parametrize(
    ("anchor", "test", "psnr", "msssim"),
    [
        ("jpeg420", "webp_m6", -36.961308878795485, -26.69094447160887),
        ("avif444_s6_psnr", "vvc420_vvenc_fast", -18.21317781883621, -15.27903699573262),
        ("jpeg420", "j2k_cq", -29.591936748050372, -11.21690285891993),
    ],
)
def test_unrestricted_overlap_equals_bjontegaard_package(anchor: str, test: str, psnr: float, msssim: float) -> None:
    for metric, expected in ((PSNR, psnr), (MSSIM, msssim)):
        assert bd_rate(curve(anchor, metric), curve(test, metric), None) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("anchor", "test", "metric", "rate", "gain", "akima_gain"),
    [
        ("jpeg420", "webp_m6", PSNR, -36.977011028585906, 2.315378049544288, 2.315413344822294),
        ("jpeg420", "webp_m6", MSSIM, -26.67869546256879, 1.6089676003197386, 1.609118486019126),
        ("avif444_s6_psnr", "vvc420_vvenc_fast", PSNR, -18.207085229776354, 0.8577137048583655, 0.857073526153933),
        ("avif444_s6_psnr", "vvc420_vvenc_fast", MSSIM, -15.270366099829058, 0.6611161526681582, 0.6604583204588109),
        ("jpeg420", "j2k_cq", PSNR, -29.58620171053652, 1.773159965579349, 1.773230948315439),
        ("jpeg420", "j2k_cq", MSSIM, -11.214087149728847, 0.6104790389401844, 0.6112347244191294),
    ],
)
def test_akima_and_bd_metric_equal_bjontegaard_package(
    anchor: str, test: str, metric: int, rate: float, gain: float, akima_gain: float
) -> None:
    """bjontegaard 1.3.0: bd_rate(method="akima"), bd_psnr(method="pchip"), bd_psnr(method="akima")."""
    pair = curve(anchor, metric), curve(test, metric)
    assert bd_rate(*pair, None, "akima") == pytest.approx(rate, abs=1e-9)
    assert bd_metric(*pair, None) == pytest.approx(gain, abs=1e-9)
    assert bd_metric(*pair, None, "akima") == pytest.approx(akima_gain, abs=1e-9)


def test_overlap_is_the_compared_part_of_the_anchor() -> None:
    low = Curve("low", (0.1, 0.2, 0.4), (20.0, 24.0, 30.0))
    assert overlap(low, low, None) == 1
    assert overlap(low, Curve("half", (0.1, 0.2), (25.0, 40.0)), None) == pytest.approx(0.5)
    assert overlap(low, Curve("none", (0.1, 0.2), (31.0, 40.0)), None) == 0


@settings(max_examples=50)
@given(st.floats(0.2, 5), st.lists(st.floats(0.1, 4), min_size=3, max_size=9))
def test_constant_ratio_is_exact(ratio: float, steps: list[float]) -> None:
    metric = [20 + sum(steps[:k]) for k in range(len(steps) + 1)]
    bpp = [0.1 * math.exp(0.07 * k * k + 0.2 * k) for k in range(len(metric))]
    anchor = Curve("anchor", tuple(bpp), tuple(metric))
    test = Curve("test", tuple(ratio * rate for rate in bpp), tuple(metric))
    assert bd_rate(anchor, test, None) == pytest.approx(100 * (ratio - 1), rel=1e-9, abs=1e-9)
    assert bd_rate(test, anchor, None) == pytest.approx(100 * (1 / ratio - 1), rel=1e-9, abs=1e-9)


def test_log_linear_curves_have_a_closed_form() -> None:
    """ln R = m / 6 against ln R = m / 6 + (m - 30) / 100 on 30..36: mean log difference 0.03."""
    metric = (30.0, 32.0, 34.0, 36.0)
    anchor = Curve("anchor", tuple(math.exp(m / 6 - 6) for m in metric), metric)
    test = Curve("test", tuple(math.exp(m / 6 - 6 + (m - 30) / 100) for m in metric), metric)
    assert bd_rate(anchor, test, None) == pytest.approx(100 * math.expm1(0.03), rel=1e-9)


def test_interval_is_held_to_the_anchor_rates() -> None:
    anchor, test = curve("jpeg420", PSNR), curve("avif444_s6_psnr", PSNR)
    low, high = shared_interval(anchor, test)
    assert low == test.metric[0]  # the test curve starts higher than the anchor at 0.1 bpp
    assert high == pytest.approx(anchor.metric_at(1.5))
    assert shared_interval(anchor, test, None)[1] == anchor.metric[-1]


@pytest.mark.parametrize(
    ("bpp", "metric", "message"),
    [
        ((0.1,), (20.0,), "two points"),
        ((0.1, 0.2), (20.0,), "as many"),
        ((0.0, 0.2), (20.0, 21.0), "positive"),
        ((0.1, 0.2), (20.0, math.inf), "finite"),
        ((0.1, 0.1), (20.0, 21.0), "increase"),
        ((0.1, 0.2, 0.3), (20.0, 22.0, 21.0), "increase"),
    ],
)
def test_impossible_curves_are_refused(bpp: tuple[float, ...], metric: tuple[float, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Curve("c", bpp, metric)


def test_nothing_in_common_is_refused() -> None:
    anchor = Curve("low", (0.1, 0.2), (20.0, 21.0))
    with pytest.raises(InputError, match="share no"):
        bd_rate(anchor, Curve("high", (0.1, 0.2), (30.0, 31.0)))
    with pytest.raises(InputError, match="no rates"):
        bd_rate(Curve("rich", (2.0, 3.0), (20.0, 21.0)), anchor)
