namespace Cv.Runtime;

/// <summary>
/// Tells the threads and tasks that an op's own code starts, while it is evaluated, which call they work for: a call that they make is inside that one. It costs
/// an allocation, so only what runs foreign code uses it; the threads of <see cref="Workers"/> are told by themselves.
/// </summary>
readonly struct CallFlow : IDisposable
{
    static readonly AsyncLocal<Box?> Flowing = new();

    readonly Box? _before;
    readonly Box _box;

    CallFlow(Claims? call)
    {
        _before = Flowing.Value;
        Flowing.Value = _box = new() { Call = call };
    }

    /// <summary>Gives the call that this thread or task works for; null after that call's op has ended.</summary>
    public static Claims? Current => Flowing.Value?.Call;

    /// <summary>Begins to tell of the call that this thread is in.</summary>
    public static CallFlow Begin() => new(Claims.Current);

    /// <summary>Ends it; a task that goes on longer works for itself.</summary>
    public void Dispose()
    {
        _box.Call = null;
        Flowing.Value = _before;
    }

    sealed class Box
    {
        volatile Claims? _call;

        public Claims? Call
        {
            get => _call;
            set => _call = value;
        }
    }
}
