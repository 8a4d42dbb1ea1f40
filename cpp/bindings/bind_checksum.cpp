#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

// The bytes of an object, which cannot go or move while this lives.
class Buffer {
 public:
  explicit Buffer(nb::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
  }
  ~Buffer() { PyBuffer_Release(&view_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  const uint8_t* data() const { return static_cast<const uint8_t*>(view_.buf); }
  int64_t size() const { return view_.len; }

 private:
  Py_buffer view_;
};

uint32_t crc32(nb::handle data, nb::int_ value) {
  const Buffer buffer(data);
  const auto before = static_cast<uint32_t>(PyLong_AsUnsignedLongMask(value.ptr()));
  nb::gil_scoped_release released;
  return kernels().checksum->crc32(buffer.data(), buffer.size(), before);
}

}  // namespace

void bind_checksum(nb::module_& m) {
  m.def("crc32", &crc32, nb::arg("data"), nb::arg("value") = 0);
}

}  // namespace penlight
