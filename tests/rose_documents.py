"""The documents of the tiny clinic that tests ask: two for patients, with a disputed claim, and one for staff."""

from __future__ import annotations

LASER = """---
id: laser
title: Fractional CO2 laser
treatment: Fractional CO2 laser
sources:
  maker: {name: The maker of the laser, address: "https://maker.example", kind: vendor}
reviewed_by: Dr A. Example
reviewed_on: 2026-01-31
---

# Fractional CO2 laser

## Recovery

Redness fades within seven days. Crusts fall off after a week.

## Results

One session removes every scar.[^maker]

Caveat: [what studies found](laser.md#what-studies-found)

## What studies found

Most people need three sessions or more.
"""

PEEL = """---
id: peel
title: Chemical peel
treatment: Chemical peel
---

# Chemical peel

## Recovery

Peeling lasts five days.

## Who should not have a peel

Do not have a peel if you:

- are pregnant
- have a cold sore
- took isotretinoin in the last six months
"""

STAFF = """---
id: telephone
title: On the telephone
treatment: Fractional CO2 laser
audience: staff
---

# On the telephone

## Price

A laser session is booked with a deposit of fifty pounds.
"""
