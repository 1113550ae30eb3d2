"""Small real checkpoints of timm, Hugging Face and open_clip, and a hub that has them."""

import functools
import hashlib
import http.server
import json
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import torch

from ventral.networks.torchvision_import import torchvision  # noqa: F401  before the libraries

COMMIT = "c0ffee" * 6 + "1234"
SIDE = 32
TIMM = {
    "architecture": "timm:vit_tiny_patch16_224",
    "arguments": {"img_size": SIDE, "depth": 3, "embed_dim": 24, "num_heads": 2},
}
HUGGINGFACE = {"architecture": "huggingface:lab/tiny-dino", "arguments": {}}
OPEN_CLIP = {
    "architecture": "open_clip:ViT-B-32/openai",
    "arguments": {
        "embed_dim": 16,
        "vision_cfg": {
            **{"image_size": SIDE, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16}
        },
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
    },
}
REPOSITORIES = {
    "timm": "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k",
    "huggingface": "lab/tiny-dino",
    "open_clip": "timm/vit_base_patch32_clip_224.openai",
}


def write_timm(top: Path) -> torch.nn.Module:
    """Write what timm pushes to a hub, under the repository's name; return the network."""
    import timm
    from timm.models import save_for_hf

    model = timm.create_model("vit_tiny_patch16_224", **TIMM["arguments"]).eval()
    save_for_hf(model, top / REPOSITORIES["timm"], safe_serialization=True)
    return model


def write_huggingface(top: Path, registers: int = 2) -> torch.nn.Module:
    """Write what transformers saves: a DINOv2 with registers, and its processor."""
    from transformers import (
        BitImageProcessor,
        Dinov2WithRegistersConfig,
        Dinov2WithRegistersModel,
    )

    config = Dinov2WithRegistersConfig(
        **{"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2},
        **{"image_size": 28, "patch_size": 7, "num_register_tokens": registers},
    )
    model = Dinov2WithRegistersModel(config).eval()
    model.save_pretrained(top / REPOSITORIES["huggingface"])
    BitImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 28, "width": 28}, resample=3
    ).save_pretrained(top / REPOSITORIES["huggingface"])
    return model


def write_open_clip(top: Path) -> torch.nn.Module:
    """Write the weights of a whole CLIP; return its image tower."""
    import open_clip
    from safetensors.torch import save_file

    clip = open_clip.create_model("ViT-B-32", force_quick_gelu=True, **OPEN_CLIP["arguments"])
    folder = top / REPOSITORIES["open_clip"]
    folder.mkdir(parents=True)
    state = {name: tensor.contiguous() for name, tensor in clip.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")
    return clip.eval().visual


def write_all(top: Path) -> dict[str, torch.nn.Module]:
    """Write the repositories of all three libraries."""
    torch.manual_seed(0)
    return {
        "timm": write_timm(top),
        "huggingface": write_huggingface(top),
        "open_clip": write_open_clip(top),
    }


@contextmanager
def hub(top: Path):
    """Serve repositories as the Hugging Face hub does; give its address."""
    handler = functools.partial(_Hub, directory=str(top))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Hub(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self._answer(with_content=False)

    def do_GET(self):
        self._answer(with_content=True)

    def _answer(self, *, with_content):
        top = Path(self.directory)
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            folder = top / parts[2] / parts[3]
            names = [path for path in sorted(folder.glob("*")) if path.is_file()]
            if parts[4] == "tree":
                sizes = {path.name: path.stat().st_size for path in names}
                found = [
                    {"type": "file", "path": name, "size": size, "oid": "0" * 40}
                    for name, size in sizes.items()
                ]
            else:
                found = {
                    "id": "/".join(parts[2:4]),
                    "sha": COMMIT,
                    "siblings": [{"rfilename": path.name} for path in names],
                }
            known = folder.is_dir() and (len(parts) < 6 or parts[5] in (COMMIT, "main", "v1"))
            self._send(json.dumps(found).encode() if known else None, with_content)
            return
        file = top / parts[0] / parts[1] / parts[-1]
        self._send(file.read_bytes() if file.is_file() else None, with_content)

    def _send(self, content, with_content):
        self.send_response(404 if content is None else 200)
        content = content or b""
        if not content:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if with_content:
            self.wfile.write(content)
