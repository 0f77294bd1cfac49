using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Keeps the code for the sets of extents that were used last, as many as <see cref="CompileOptions.CachedShapes"/>. Code is made once, however many calls ask for it at
/// the same time; calls for other extents do not wait for that.
/// </summary>
sealed class CodeCache(Graph graph, Signature signature, CompileOptions options)
{
    readonly Lock _gate = new();
    readonly List<Entry> _used = [];
    bool _hasTold;

    /// <summary>Finds the code for a call's extents, or makes it.</summary>
    /// <exception cref="GraphException">The graph cannot be compiled for these extents.</exception>
    public Executable Get(Call call)
    {
        Entry entry;
        Entry? dropped = null;
        bool tells = false;
        lock (_gate)
        {
            int at = _used.Count - 1;
            while (at >= 0 && !call.Extents.SequenceEqual(_used[at].Extents))
                at--;
            entry = at >= 0 ? _used[at] : new(call.Extents.ToArray());
            if (at != _used.Count - 1 || at < 0)
            {
                if (at >= 0)
                    _used.RemoveAt(at);
                _used.Add(entry);
            }
            if (_used.Count > options.CachedShapes)
            {
                dropped = _used[0];
                _used.RemoveAt(0);
                tells = !_hasTold;
                _hasTold = true;
            }
        }
        dropped?.Code?.Retire();
        if (tells)
            options.Warn(
                $"compile: a function keeps code for {options.CachedShapes} sets of extents; {call.ExtentsText()} is one more. From now on code is dropped, and made again when its extents come back, which takes far longer than a call. Raise CompileOptions.CachedShapes, or call it by few sizes: function.InBatches(64)."
            );
        return entry.Code ?? Make(entry, call);
    }

    Executable Make(Entry entry, Call call)
    {
        if (entry.Making.IsHeldByCurrentThread)
            throw new GraphException(
                "compile: code must not need itself to be made; an op of this function calls it while it is compiled. Call it in Evaluate alone."
            );
        lock (entry.Making)
        {
            if (entry.Code is { } made)
                return made;
            try
            {
                return entry.Code = New(call);
            }
            catch
            {
                lock (_gate)
                    _used.Remove(entry);
                throw;
            }
        }
    }

    /// <summary>Makes code, and keeps it nowhere.</summary>
    public Executable New(Call call)
    {
        var (plan, outputs) = Lowering.Plan(graph, call.Binding(), options, null);
        return new(plan, outputs, signature, options.Threads);
    }

    sealed class Entry(int[] extents)
    {
        volatile Executable? _code;

        public int[] Extents => extents;

        public Lock Making { get; } = new();

        public Executable? Code
        {
            get => _code;
            set => _code = value;
        }
    }
}
