// What the native call path reads and makes: slots of Python objects by their offset, references.
#pragma once

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL penlight_call_path_array_api

#include <Python.h>
#include <numpy/arrayobject.h>

#include <utility>

namespace penlight {

// An owned reference; null means that an exception is set.
class Ref {
 public:
  Ref() = default;
  explicit Ref(PyObject* owned) : object_(owned) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_XDECREF(object_); }

  static Ref borrowed(PyObject* object) { return Ref(Py_XNewRef(object)); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

// A slot of a class with __slots__: where its value stands in an instance.
using Slot = Py_ssize_t;

// The offset of a slot of a class; -1 with an exception where it has none of that name.
Slot offset_of(PyObject* type, PyObject* name);

// The same; false with an exception.
bool find_slot(PyObject* type, const char* name, Slot* offset);

inline PyObject*& slot(PyObject* object, Slot offset) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
}

// Puts a value into a slot of a new object, which is empty.
inline void fill(PyObject* object, Slot offset, PyObject* value) {
  slot(object, offset) = Py_NewRef(value);
}

inline void fill(PyObject* object, Slot offset, Ref value) {
  slot(object, offset) = value.release();
}

inline PyArrayObject* as_array(PyObject* object) {
  return reinterpret_cast<PyArrayObject*>(object);
}

inline bool same_shape(PyArrayObject* a, PyArrayObject* b) {
  return PyArray_NDIM(a) == PyArray_NDIM(b) &&
         PyArray_CompareLists(PyArray_DIMS(a), PyArray_DIMS(b), PyArray_NDIM(a));
}

}  // namespace penlight
