# syntax=docker/dockerfile:1

# docker build -t fewshot-streams .                   for CPUs (x86_64, arm64)
# docker build -t fewshot-streams:gpu --target gpu .  for NVIDIA GPUs (x86_64, driver for CUDA 12.8 or later)

ARG MAVEN_IMAGE=maven:3.9-eclipse-temurin-17
ARG RUNTIME_IMAGE=eclipse-temurin:17-jre-noble
ARG CUDA_IMAGE=nvidia/cuda:12.8.1-base-ubuntu24.04

FROM ${MAVEN_IMAGE} AS sources
WORKDIR /build
COPY pom.xml ./
COPY src/main src/main
COPY schemas schemas
COPY tasks tasks
COPY fewshot LICENSE ./
COPY docker/stage docker/health docker/

# Which of PyTorch's natives go on the class path is Maven's choice, by the processor.
FROM sources AS build-cpu
RUN --mount=type=cache,target=/build/repository,sharing=locked \
    mvn -B -q -Dmaven.repo.local=/build/repository -Dmaven.test.skip=true package && docker/stage /stage

# Models that lie in the image, for machines without a hub: --build-arg MODELS="smollm2-135m-instruct", or files
# put into docker/models. Each is checked by its hash when it is loaded.
FROM build-cpu AS models
ARG MODELS=""
COPY docker/models/ /models/
RUN if [ -n "$MODELS" ]; then FEWSHOT_CACHE=/models-cache java -cp "target/lib/*:target/classes" io.fewshot.cli.Main model pull $MODELS && mv /models-cache/models/*.gguf /models/; fi

FROM sources AS build-gpu
ARG PYTORCH_NATIVE=pytorch-native-cu128
RUN --mount=type=cache,target=/build/repository,sharing=locked \
    mvn -B -q -Dmaven.repo.local=/build/repository -Dmaven.test.skip=true -Dpytorch.native="${PYTORCH_NATIVE}" \
      -Dpytorch.classifier=linux-x86_64 package && docker/stage /stage

FROM ${CUDA_IMAGE} AS runtime-gpu
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/*
# Where DJL looks for CUDA's runtime; it is what makes it choose the natives for the GPU.
ENV LD_LIBRARY_PATH=/usr/local/cuda/lib64:/usr/local/nvidia/lib64
RUN groupadd --gid 10001 fewshot \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/fewshot --shell /usr/sbin/nologin fewshot \
 && install -d -o 10001 -g 10001 /var/lib/fewshot /var/cache/fewshot
COPY --from=build-gpu /stage/natives/ /opt/fewshot/
COPY --from=build-gpu /stage/dependencies/ /opt/fewshot/
COPY --from=build-gpu /stage/application/ /opt/fewshot/
COPY --from=models /models/ /opt/fewshot/models/

FROM ${RUNTIME_IMAGE} AS runtime-cpu
RUN groupadd --gid 10001 fewshot \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/fewshot --shell /usr/sbin/nologin fewshot \
 && install -d -o 10001 -g 10001 /var/lib/fewshot /var/cache/fewshot
COPY --from=build-cpu /stage/natives/ /opt/fewshot/
COPY --from=build-cpu /stage/dependencies/ /opt/fewshot/
COPY --from=build-cpu /stage/application/ /opt/fewshot/
COPY --from=models /models/ /opt/fewshot/models/

# What follows is the same for both. Nothing is written outside the two volumes and /tmp, so the root
# file system may be read-only; /tmp must allow running what lies there, for native libraries.
FROM runtime-gpu AS gpu
ENV LANG=C.UTF-8 \
    PATH=/opt/fewshot:$PATH \
    FEWSHOT_PORT=8080 \
    FEWSHOT_STATE_DIR=/var/lib/fewshot/state \
    FEWSHOT_CACHE=/var/cache/fewshot \
    FEWSHOT_SHIPPED_MODELS=/opt/fewshot/models \
    DJL_CACHE_DIR=/var/lib/fewshot/djl
WORKDIR /var/lib/fewshot
USER 10001:10001
VOLUME ["/var/lib/fewshot", "/var/cache/fewshot"]
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=4 CMD ["/opt/fewshot/health"]
ENTRYPOINT ["/opt/fewshot/fewshot"]
CMD ["--help"]

# Last, so that it is what is built without --target.
FROM runtime-cpu AS cpu
ENV LANG=C.UTF-8 \
    PATH=/opt/fewshot:$PATH \
    FEWSHOT_PORT=8080 \
    FEWSHOT_STATE_DIR=/var/lib/fewshot/state \
    FEWSHOT_CACHE=/var/cache/fewshot \
    FEWSHOT_SHIPPED_MODELS=/opt/fewshot/models \
    DJL_CACHE_DIR=/var/lib/fewshot/djl
WORKDIR /var/lib/fewshot
USER 10001:10001
VOLUME ["/var/lib/fewshot", "/var/cache/fewshot"]
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=4 CMD ["/opt/fewshot/health"]
ENTRYPOINT ["/opt/fewshot/fewshot"]
CMD ["--help"]
