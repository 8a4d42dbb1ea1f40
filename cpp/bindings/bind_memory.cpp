// NumPy's allocation hook (NEP 49): arrays that this thread makes take their memory from the cache
// of blocks. NumPy keeps the handler with each array, so that each is freed by whom it came from.

#include <cstdlib>
#include <cstring>

#if defined(__linux__)
#include <unistd.h>
#endif

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

#include "bindings/arrays.hpp"
#include "support/block_cache.hpp"

namespace penlight {
namespace {

constexpr const char* kCapsuleName = "mem_handler";
constexpr size_t kMostCached = size_t{256} << 20;

PyDataMem_Handler handler{
    "penlight",
    1,
    {nullptr, [](void*, size_t size) { return allocate_block(size); },
     [](void*, size_t count, size_t size) { return allocate_zeros(count, size); },
     [](void*, void* data, size_t size) { return resize_block(data, size); },
     [](void*, void* data, size_t) { free_block(data); }}};

// A sixteenth of the memory, at most kMostCached.
size_t most_cached() {
#if defined(__linux__)
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
  if (pages > 0 && page > 0) {
    const size_t share = static_cast<size_t>(pages) * static_cast<size_t>(page) / 16;
    return share < kMostCached ? share : kMostCached;
  }
#endif
  return kMostCached;
}

PyObject* make_handler(PyObject* default_handler) {
  void* found = PyCapsule_GetPointer(default_handler, kCapsuleName);
  if (found == nullptr) throw nb::python_error();
  const PyDataMemAllocator& raw = static_cast<PyDataMem_Handler*>(found)->allocator;
  open_block_cache({raw.ctx, raw.malloc, raw.calloc, raw.realloc, raw.free}, most_cached());
  PyObject* capsule = PyCapsule_New(&handler, kCapsuleName, nullptr);
  if (capsule == nullptr) throw nb::python_error();
  return capsule;
}

// Lets this thread's arrays come from the cache, unless it has another allocator of its own.
bool use_block_cache() {
  if (PyArray_ImportNumPyAPI() < 0) throw nb::python_error();
  static PyObject* ours = make_handler(PyDataMem_DefaultHandler);
  const nb::object current = nb::steal(PyDataMem_GetHandler());
  if (!current.is_valid()) throw nb::python_error();
  if (current.ptr() == ours) return true;
  if (current.ptr() != PyDataMem_DefaultHandler) return false;
  const nb::object before = nb::steal(PyDataMem_SetHandler(ours));
  if (!before.is_valid()) throw nb::python_error();
  return true;
}

}  // namespace

void bind_memory(nb::module_& m) {
  m.def("use_block_cache", &use_block_cache);
  m.def("cached_bytes", &cached_bytes);
  m.def("release_cached", &release_cached);
}

}  // namespace penlight
