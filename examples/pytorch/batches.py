"""Requests that come at the same time are answered by one pass through the model."""

import queue
import threading
from concurrent.futures import Future

import torch


class Batches:
    """
    One thread owns the model. It takes what waits, up to `images_max` images. The router chose the
    batch and sends its requests at the same time, so nothing is gained by waiting for more than the
    moment, `gather_seconds`, in which they arrive.
    """

    def __init__(self, model, version, on, images_max=64, gather_seconds=0.002):
        self._waiting = queue.Queue()
        self._on = on
        self._images_max = images_max
        self._gather_seconds = gather_seconds
        self._held = None
        self._model, self.version = model.eval(), version
        threading.Thread(target=self._run, daemon=True).start()

    def submit(self, images):
        """A future of (classes, version), for a tensor of images."""
        answer = Future()
        self._waiting.put(("images", images, answer))
        return answer

    def replace(self, model, version):
        """A future that is done once every later request is answered by that version."""
        done = Future()
        self._waiting.put(("model", (model.eval(), version), done))
        return done

    def warm_up(self, model, images):
        """Compiles kernels and takes memory before the first request has to wait for it."""
        with torch.inference_mode():
            for count in (1, self._images_max):
                model.eval()(images.expand(count, -1, -1, -1).to(self._on)).argmax(dim=1).cpu()

    def _run(self):
        while True:
            kind, what, answer = self._held or self._waiting.get()
            self._held = None
            if kind == "model":
                self._model, self.version = what
                answer.set_result(None)
                continue
            self._answer(self._gather([(what, answer)]))

    def _gather(self, batch):
        """Adds what came meanwhile; what does not fit, and a model, begins the next round."""
        while sum(len(images) for images, _ in batch) < self._images_max:
            try:
                kind, what, answer = self._waiting.get(timeout=self._gather_seconds)
            except queue.Empty:
                break
            size = sum(len(images) for images, _ in batch)
            if kind == "model" or size + len(what) > self._images_max:
                self._held = (kind, what, answer)
                break
            batch.append((what, answer))
        return batch

    def _answer(self, batch):
        try:
            images = torch.cat([images for images, _ in batch]).to(self._on)
            with torch.inference_mode(), torch.autocast(
                self._on.type, enabled=self._on.type == "cuda"
            ):
                classes = self._model(images).argmax(dim=1).tolist()
        except Exception as error:  # whatever it is, those who asked must hear of it
            for _, answer in batch:
                answer.set_exception(error)
            return
        for own, answer in batch:
            answer.set_result((classes[: len(own)], self.version))
            classes = classes[len(own) :]
