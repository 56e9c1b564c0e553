"""Compiled kernels: one object file per kernel, kept in the user's cache folder and loaded without Numba.

The path of a file holds a fingerprint of all that its code depends on (the sources of this package, the compilers'
versions, the processor and its features), so what was compiled for another environment is never found, let alone run.
A file that is damaged, or a folder that cannot be written, costs a compilation and nothing else.
"""

import functools
import hashlib
import importlib
import logging
import os
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

log = logging.getLogger("wattcast")

ENTRY = """
target datalayout = "{layout}"
declare i32 @"{inner}"(ptr, ptr, ptr)
define void @{symbol}(ptr %table) {{
  %result = alloca ptr
  %error = alloca ptr
  %status = call i32 @"{inner}"(ptr %result, ptr %error, ptr %table)
  ret void
}}
"""
"""Numba's functions return a status and perhaps an exception; kernels raise none, so the C function drops both."""

_lock = threading.Lock()
_addresses: dict[tuple[str, int], int] = {}


def kernel_address(name: str, width: int) -> int:
    """The address of kernel `name` for blocks of `width` channels: a C function of one pointer to an argument table."""
    address = _addresses.get((name, width))
    if address is not None:
        return address
    with _lock:
        if (name, width) not in _addresses:
            symbol = f"wattcast_{name}_{width}"
            path = cache_folder() / fingerprint() / f"{symbol}.o"
            code = read(path)
            if code is None:
                code = compiled(name, width, symbol)
                write(path, code)
            _addresses[name, width] = link(code, symbol)
        return _addresses[name, width]


def cache_folder() -> Path:
    """WATTCAST_CACHE_DIR, or the folder in which the system keeps a user's caches."""
    if folder := os.environ.get("WATTCAST_CACHE_DIR"):
        return Path(folder)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "wattcast"


@functools.cache
def fingerprint() -> str:
    """A hash of everything that the compiled code depends on."""
    from llvmlite import binding

    parts = [version("numba"), version("llvmlite"), sys.version, binding.get_process_triple(),
             binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()]
    parts += [source.read_text(encoding="utf-8") for source in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def read(path: Path) -> bytes | None:
    """The object code in a file, or None where there is none or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def write(path: Path, code: bytes) -> None:
    """Keeps object code for the next process; several may do so at once."""
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(hashlib.sha256(code).digest() + code)
        os.replace(draft, path)
    except OSError as error:
        log.debug("scan: the compiled kernel cannot be kept in %s (%s); every process compiles it", path, error)


def target_machine() -> Any:
    """LLVM's code generator for this processor."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_triple(binding.get_process_triple())
    return target.create_target_machine(cpu=binding.get_host_cpu_name(), opt=3, jit=True, codemodel="jitdefault",
                                        features=binding.get_host_cpu_features().flatten())


def compiled(name: str, width: int, symbol: str) -> bytes:
    """Object code that exports a kernel as `symbol`, a C function of one pointer, and runs without Numba."""
    import numba
    from llvmlite import binding

    module = importlib.import_module(f"wattcast.scan.kernels.{name}")
    signature = numba.types.void(numba.types.CPointer(numba.types.int64))
    kernel = numba.njit(signature, error_model="numpy")(module.build(width))
    inner = kernel.overloads[signature.args].fndesc.llvm_func_name
    code = binding.parse_assembly(kernel.inspect_llvm(signature.args))
    for item in (*code.functions, *code.global_variables):
        if not item.is_declaration:
            item.linkage = "external" if item.name == inner else "internal"
    code.link_in(binding.parse_assembly(ENTRY.format(symbol=symbol, inner=inner, layout=code.data_layout)))
    code.get_function(inner).linkage = "internal"
    machine, passes = target_machine(), binding.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(code, binding.create_pass_builder(machine, binding.create_pipeline_tuning_options()))
    return bytes(machine.emit_object(code))


@functools.cache
def engine() -> Any:
    """The loader of object code; lives as long as the process, as the code does."""
    from llvmlite import binding

    return binding.create_mcjit_compiler(binding.parse_assembly(""), target_machine())


def link(code: bytes, symbol: str) -> int:
    """Loads object code into this process and returns the address of `symbol`."""
    from llvmlite import binding

    engine().add_object_file(binding.ObjectFileRef.from_data(code))
    engine().finalize_object()
    return int(engine().get_function_address(symbol))
