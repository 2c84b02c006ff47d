// One pool of threads with static partition: task i of a parallel_for always does the same work, so results
// do not depend on timing.
#pragma once

#include <cstddef>
#include <memory>

namespace simdclip {

class ThreadPool {
 public:
  // threads >= 1, the calling thread included: a pool of 1 starts no thread.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const noexcept;

  // Calls body(i) for i in [0, tasks), spread over the pool in contiguous static ranges; returns when all are
  // done. The first exception of a task is rethrown here. Callable from several threads (they take turns) and
  // from inside a task (runs inline).
  template <typename Body>
  void parallel_for(size_t tasks, const Body& body) {
    run(
        tasks, [](const void* context, size_t task) { (*static_cast<const Body*>(context))(task); }, &body);
  }

 private:
  using Task = void (*)(const void* context, size_t task);
  void run(size_t tasks, Task task, const void* context);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simdclip
