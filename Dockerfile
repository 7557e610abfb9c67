# The bot, `ops` and the backup service in one image: giftbot run, giftbot cloud, ops ...
FROM python:3.13-slim AS build
COPY requirements/run.txt /tmp/
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/run.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md /src/
COPY giftbot /src/giftbot
COPY ops /src/ops
RUN /venv/bin/pip install --no-cache-dir --no-deps /src

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data giftbot \
    && install -d -m 0700 -o giftbot -g giftbot /data /copies
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH GIFTBOT_DATA_DIR=/data PYTHONUNBUFFERED=1
USER giftbot
WORKDIR /data
CMD ["giftbot", "run"]
