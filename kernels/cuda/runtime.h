#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>

// CUDA's own handles, so that no header of CUDA is needed here.
struct CUstream_st;
struct CUevent_st;
struct CUgraphExec_st;

namespace speclab {

// Makes the device of this number the calling thread's. ConfigError where there is none, where its driver
// does not answer or where it is older than compute capability 8.0. The result is its name.
std::string use_cuda_device(int number);
int multiprocessors();  // of the thread's device

// Work for the device, in order. What is put in runs later; host memory that takes part must live until then.
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void wait();  // until all that was put in is done
  // The same for destructors, whose memory the stream still uses: a broken device has told whoever asked it.
  void drain() noexcept;
  CUstream_st* handle() const { return handle_; }

  // Whether kernels that allow it begin before the ones before them have ended: where the device can do it,
  // unless it is forbidden, for comparison.
  bool starts_early() const { return starts_early_; }
  bool has_clusters() const { return has_clusters_; }                 // of blocks; see cluster.h
  std::size_t max_shared_bytes() const { return max_shared_bytes_; }  // of a block
  void forbid_early_starts(bool forbidden) { starts_early_ = can_start_early_ && !forbidden; }

 private:
  CUstream_st* handle_ = nullptr;
  bool can_start_early_ = false, starts_early_ = false, has_clusters_ = false;
  std::size_t max_shared_bytes_ = 0;
};

// A point in a stream. With `timed`, pairs of them measure.
class Event {
 public:
  enum class Use { order, timing };
  explicit Event(Use use = Use::order);
  ~Event();
  Event(Event&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  void record(Stream& stream);
  void record_in_graph(Stream& stream);  // during a capture: at each launch of the graph
  void hold(Stream& stream) const;       // what is put into `stream` from now on waits for this point
  void wait() const;
  double seconds_since(const Event& begin) const;  // both timed and reached

 private:
  CUevent_st* handle_ = nullptr;
};

// A sequence of launches and copies that is put into a stream at one go. Pointers and scalars are those of
// the capture: what changes from launch to launch must be read from device memory.
class Graph {
 public:
  Graph() = default;
  // Whatever `work` puts into the stream is recorded instead of run. It may not wait or allocate.
  Graph(Stream& stream, const std::function<void()>& work);
  ~Graph();
  Graph(Graph&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Graph& operator=(Graph&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  explicit operator bool() const { return handle_ != nullptr; }
  void launch(Stream& stream) const;

 private:
  CUgraphExec_st* handle_ = nullptr;
};

// Memory of the device, or of the host in pinned pages (which copies may reach while the program goes on).
// CudaError says what the memory was for, and how much there was.
class Memory {
 public:
  enum class Place { device, pinned };
  Memory() = default;
  Memory(Place place, std::size_t bytes, const char* what);
  ~Memory();
  Memory(Memory&& other) noexcept
      : place_(other.place_),
        bytes_(std::exchange(other.bytes_, 0)),
        data_(std::exchange(other.data_, nullptr)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(place_, other.place_);
    std::swap(bytes_, other.bytes_);
    std::swap(data_, other.data_);
    return *this;
  }
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  Place place_ = Place::device;
  std::size_t bytes_ = 0;
  void* data_ = nullptr;
};

// So many elements, not initialised.
template <class T, Memory::Place kPlace>
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::size_t count, const char* what) : memory_(kPlace, count * sizeof(T), what) {}

  T* data() const { return static_cast<T*>(memory_.data()); }
  std::size_t size() const { return memory_.bytes() / sizeof(T); }
  // Room for so many; what it held is lost where it grows. Not while the device uses it. Where the memory
  // does not suffice it is empty afterwards.
  void require(std::size_t count, const char* what) {
    if (count <= size()) return;
    ++moves_;
    memory_ = Memory();
    memory_ = Memory(kPlace, count * sizeof(T), what);
  }
  int moves() const { return moves_; }  // how often `require` left its memory

 private:
  Memory memory_;
  int moves_ = 0;
};
template <class T>
using DeviceBuffer = Buffer<T, Memory::Place::device>;
template <class T>
using PinnedBuffer = Buffer<T, Memory::Place::pinned>;

// Between any two places; asynchronous where host memory is pinned.
void copy_bytes(void* to, const void* from, std::size_t bytes, Stream& stream);
void fill_bytes(void* to, int value, std::size_t bytes, Stream& stream);

// Room for so many, zeros where it grows: for what kernels write a part of and copies read all of.
template <class T>
void require_written(DeviceBuffer<T>& buffer, std::size_t count, const char* what, Stream& stream) {
  if (count <= buffer.size()) return;
  buffer.require(count, what);
  fill_bytes(buffer.data(), 0, buffer.size() * sizeof(T), stream);
}

template <class T>
void copy(T* to, std::span<const T> from, Stream& stream) {
  copy_bytes(to, from.data(), from.size_bytes(), stream);
}

}  // namespace speclab
