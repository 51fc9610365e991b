FROM golang:1.26-alpine AS build
WORKDIR /src
# Modules first: a change of our code does not fetch them again.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w' -o /parley .

FROM alpine:3.22
COPY --from=build /parley /usr/local/bin/parley
# A number that is in no passwd: the server needs no name, and an orchestrator sees that it is not root.
USER 10001:10001
ENV PARLEY_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/livez"]
ENTRYPOINT ["parley"]
