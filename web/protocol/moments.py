"""Moments as people read them, from seconds since 1970-01-01 UTC. Pure: MicroPython has no calendar."""

DAY = 86_400  # seconds
CYCLE = 146_097  # days of 400 years


def iso(seconds):
    """2026-11-26T05:12:00.000Z, as the relay writes its times. ISO 8601, without leap seconds."""
    days, rest = divmod(seconds, DAY)
    year, month, day = date_of(days)
    return f"{year:04d}-{month:02d}-{day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.000Z"


def date_of(days):
    """(year, month, day) so many days after 1970-01-01."""
    # The calendar repeats after 400 years: what a stranger's clock says costs no more steps than that.
    year, days = 1970 + days // CYCLE * 400, days % CYCLE
    while days >= length_of(year):
        days -= length_of(year)
        year += 1
    month = 1
    for length in (31, 28 + length_of(year) - 365, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31):
        if days < length:
            break
        days -= length
        month += 1
    return year, month, days + 1


def length_of(year):
    return 366 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 365
