"""
An inference worker: serves MIGRATOR_MODEL_DIR on MIGRATOR_PORT by the Open Inference Protocol.

NOT YET RUN ON A GPU. See README.md.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import torch

from batches import Batches
from contract import variable
from model import SHAPE, device, images_in, load_version

BODY_BYTES_MAX = 64 * 1024 * 1024

tenant = variable("MIGRATOR_TENANT")
on = device()
state = {"batches": None}
loading = threading.Lock()


def prepare(directory):
    model = load_version(directory, on)
    return model, Path(directory).name


def begin():
    model, version = prepare(variable("MIGRATOR_MODEL_DIR"))
    batches = Batches(model, version, on)
    batches.warm_up(model, torch.zeros(1, *SHAPE))
    state["batches"] = batches


def metadata():
    return {
        "name": tenant,
        "versions": [state["batches"].version],
        "platform": "pytorch",
        "inputs": [{"name": "images", "datatype": "FP32", "shape": [-1, *SHAPE]}],
        "outputs": [{"name": "class", "datatype": "INT64", "shape": [-1]}],
    }


def infer(request):
    images = images_in(request.get("inputs"))
    classes, version = state["batches"].submit(images).result(timeout=60)
    output = {"name": "class", "datatype": "INT64", "shape": [len(classes)], "data": classes}
    answer = {"model_name": tenant, "model_version": version, "outputs": [output]}
    return answer | ({"id": request["id"]} if isinstance(request.get("id"), str) else {})


def load(request):
    directory = (request.get("parameters") or {}).get("model_dir")
    if not isinstance(directory, str):
        raise ValueError("parameters.model_dir is missing")
    with loading:
        try:
            model, version = prepare(directory)
        except Exception as error:
            raise ValueError(f"Cannot load {directory}: {error}") from error
        state["batches"].warm_up(model, torch.zeros(1, *SHAPE))
        state["batches"].replace(model, version).result(timeout=60)
    return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Small answers would otherwise wait for the client's acknowledgement of their head.
    disable_nagle_algorithm = True

    def do_GET(self):
        path = self.route()
        is_ready = state["batches"] is not None
        if path == "/v2/health/live":
            self.reply(200, {})
        elif path in ("/v2/health/ready", f"/v2/models/{tenant}/ready"):
            self.reply(200 if is_ready else 503, {} if is_ready else {"error": "Not ready yet"})
        elif path == "/v2":
            extensions = ["model_repository", "migrator_load_beside"]
            self.reply(200, {"name": "pytorch example", "version": "1", "extensions": extensions})
        elif path == f"/v2/models/{tenant}" and is_ready:
            self.reply(200, metadata())
        else:
            self.reply(404, {"error": f"There is no {path}"})

    def do_POST(self):
        actions = {
            f"/v2/models/{tenant}/infer": infer,
            f"/v2/repository/models/{tenant}/load": load,
        }
        body = self.body()
        action = actions.get(self.route())
        if body is None:
            return
        if action is None:
            self.reply(404, {"error": f"There is no {self.path}"})
        elif state["batches"] is None:
            self.reply(503, {"error": "Not ready yet"})
        else:
            self.act(action, body)

    def act(self, action, body):
        try:
            request = json.loads(body or b"{}")
            if not isinstance(request, dict):
                raise ValueError("The body is a JSON object")
            status, answer = 200, action(request)
        except (ValueError, RecursionError) as error:
            status, answer = 400, {"error": str(error)}
        except Exception as error:
            print(f"{self.path}: {error!r}", file=sys.stderr)
            status, answer = 500, {"error": str(error)}
        self.reply(status, answer)

    def route(self):
        return unquote(urlsplit(self.path).path)

    def body(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            error = f"A body has a Content-Length, of {BODY_BYTES_MAX} bytes at most"
            self.reply(413 if length.isdigit() else 411, {"error": error})
            return None
        return self.rfile.read(int(length))

    def reply(self, status, answer):
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    # The router may open one connection for each request of a batch at once.
    request_queue_size = 256
    # On SIGTERM the router has sent its last request here; open connections ask nothing more.
    daemon_threads = True


def main():
    server = Server(("127.0.0.1", int(variable("MIGRATOR_PORT"))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    # Live at once, ready when the model is on the device.
    threading.Thread(target=begin_or_end, daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    server.server_close()


def begin_or_end():
    try:
        begin()
    except Exception as error:
        print(f"Cannot serve: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)


if __name__ == "__main__":
    main()
