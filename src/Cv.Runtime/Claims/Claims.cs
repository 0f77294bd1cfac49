using System.Diagnostics.CodeAnalysis;

namespace Cv.Runtime;

/// <summary>Says what became of an attempt to claim memory.</summary>
enum ClaimOutcome
{
    /// <summary>Everything is claimed.</summary>
    Taken,

    /// <summary>Another call uses a block in a way that excludes this one; nothing is claimed.</summary>
    Busy,

    /// <summary>A tensor was disposed; nothing is claimed.</summary>
    Disposed,

    /// <summary>Two tensors that must be apart share memory; nothing is claimed.</summary>
    Shared,
}

/// <summary>Says what a call does with a tensor.</summary>
enum ClaimUse
{
    /// <summary>Reads it; it may be memory that the call writes as well, and then <see cref="Claims.IsOverwritten"/> says so.</summary>
    Read,

    /// <summary>Reads it, and it must be apart from all that the call writes.</summary>
    ReadApart,

    /// <summary>Writes it, and it must be apart from all that the call reads or writes under other names.</summary>
    Write,
}

/// <summary>
/// Holds what one call reads and writes, from its beginning to its end. Claimed memory goes back to the pool only when the call ends, whoever disposes its
/// tensors meanwhile; calls that read it run beside each other, and one that writes it runs alone. A call takes all its claims at once or none, so no two
/// calls wait for each other; those that must wait do so in <see cref="ClaimQueue"/>. Claims that nobody contests cost one exchange each, and no allocation.
/// </summary>
class Claims
{
    [ThreadStatic]
    static Claims? _current;

    readonly object _wait = new();
    Claim[] _claims = new Claim[8];
    int _count;
    int _held;
    Claims? _outer;
    bool _isServed;
    ClaimOutcome _outcome;

    /// <summary>Gives the call that this thread is in, if it is in one.</summary>
    public static Claims? Current
    {
        get => _current;
        set => _current = value;
    }

    /// <summary>Gives the call that made this one, by what an op of it runs; null for a call of its own.</summary>
    public Claims? Around { get; private set; }

    /// <summary>Adds a tensor; to be called before <see cref="Take"/>, and first for what is written.</summary>
    public void Add(Tensor tensor, ClaimUse use)
    {
        if (_count == _claims.Length)
            Array.Resize(ref _claims, 2 * _count);
        _claims[_count++] = new() { Tensor = tensor, Use = use };
    }

    /// <summary>Tells whether the call writes memory of the tensor that was added at <paramref name="index"/> under another name.</summary>
    public bool IsOverwritten(int index) => _claims[index].IsOverwritten;

    /// <summary>Claims everything that was added, after those that came before and use it.</summary>
    /// <exception cref="ObjectDisposedException">A tensor was disposed.</exception>
    /// <exception cref="BindingException">Two tensors that must be apart share memory.</exception>
    /// <exception cref="ReentryException">The call is made inside another one, which would have to end first.</exception>
    public void Take()
    {
        Around = _current ?? CallFlow.Current;
        // who is inside another call is let through: those in the queue may wait for that
        bool mayTry = Around is not null || ClaimQueue.IsEmpty;
        var outcome = mayTry ? TryTake() : ClaimOutcome.Busy;
        if (outcome == ClaimOutcome.Busy)
            outcome = ClaimQueue.Wait(this);
        if (outcome != ClaimOutcome.Taken)
            Refuse(outcome);
        (_outer, _current) = (_current, this);
    }

    /// <summary>Ends the call: to be called on the thread that called <see cref="Take"/>, or after it threw.</summary>
    public void End()
    {
        if (_current == this)
            (_current, _outer) = (_outer, null);
        Drop();
        Array.Clear(_claims, 0, _count);
        (_count, Around) = (0, null);
        ClaimQueue.Serve();
    }

    /// <summary>Claims everything, or nothing.</summary>
    public ClaimOutcome TryTake()
    {
        for (_held = 0; _held < _count; _held++)
        {
            var outcome = TryTake(ref _claims[_held]);
            if (outcome == ClaimOutcome.Taken)
                continue;
            int failed = _held;
            Drop();
            _held = failed;
            if (outcome == ClaimOutcome.Busy)
                _held = 0;
            return outcome;
        }
        return ClaimOutcome.Taken;
    }

    /// <summary>Gives up what is claimed.</summary>
    public void Drop()
    {
        for (int i = 0; i < _held && i < _count; i++)
        {
            ref var claim = ref _claims[i];
            if (claim.Block is not { } block)
                continue;
            claim.Block = null;
            if (claim.Use == ClaimUse.Write)
                block.EndWrite();
            else
                block.EndRead();
        }
        _held = 0;
    }

    /// <summary>Begins a wait, before it is known who ends it.</summary>
    public void Prepare() => _isServed = false;

    /// <summary>Waits until another thread has ended the wait.</summary>
    public ClaimOutcome WaitUntilServed()
    {
        lock (_wait)
            while (!_isServed)
                Monitor.Wait(_wait);
        return _outcome;
    }

    /// <summary>Ends the wait.</summary>
    public void Wake(ClaimOutcome outcome)
    {
        lock (_wait)
        {
            (_outcome, _isServed) = (outcome, true);
            Monitor.PulseAll(_wait);
        }
    }

    /// <summary>Lists the blocks that are asked for or held, and whether they are written.</summary>
    public IEnumerable<(Block Block, bool Writes, int Index)> Blocks()
    {
        for (int i = 0; i < _count; i++)
            if ((_claims[i].Block ?? _claims[i].Tensor.Memory) is { } block)
                yield return (block, _claims[i].Use == ClaimUse.Write, i);
    }

    /// <summary>Names a tensor in an error; the number counts from the first that was added.</summary>
    public virtual string NameOf(int index) => "a tensor";

    ClaimOutcome TryTake(ref Claim claim)
    {
        claim.IsOverwritten = false;
        if (claim.Tensor.Memory is not { } block)
            return ClaimOutcome.Disposed;
        if (block.Writer == this)
        {
            // its use is counted already
            claim.IsOverwritten = OverlapsWritten(claim.Tensor);
            return claim.IsOverwritten && claim.Use != ClaimUse.Read ? ClaimOutcome.Shared : ClaimOutcome.Taken;
        }
        var outcome = claim.Use == ClaimUse.Write ? block.TryWrite(this) : block.TryRead();
        // between the look and the claim the tensor may have been disposed, and its block be another's by now
        if (claim.Tensor.Memory == block)
        {
            if (outcome == ClaimOutcome.Taken)
                claim.Block = block;
            return outcome;
        }
        if (outcome == ClaimOutcome.Taken && claim.Use == ClaimUse.Write)
            block.EndWrite();
        else if (outcome == ClaimOutcome.Taken)
            block.EndRead();
        return ClaimOutcome.Disposed;
    }

    bool OverlapsWritten(Tensor tensor)
    {
        for (int i = 0; i < _held; i++)
            if (_claims[i].Use == ClaimUse.Write && _claims[i].Tensor.Overlaps(tensor))
                return true;
        return false;
    }

    [DoesNotReturn]
    void Refuse(ClaimOutcome outcome)
    {
        var tensor = _claims[_held].Tensor;
        string name = NameOf(_held);
        if (outcome == ClaimOutcome.Disposed)
            throw new ObjectDisposedException(
                typeof(Tensor).FullName,
                $"call: every tensor must live until the call ends; {name}, {tensor.Type}, was disposed before it began. Dispose it later."
            );
        int other = Array.FindIndex(_claims, 0, _held, c => c.Use == ClaimUse.Write && c.Tensor.Overlaps(tensor));
        throw new BindingException(
            $"call: {name} must have memory of its own; it shares that of {NameOf(other)}. Give another tensor, and copy afterwards: CopyFrom."
        );
    }

    struct Claim
    {
        public Tensor Tensor;
        public ClaimUse Use;
        public bool IsOverwritten;

        /// <summary>Is the block that this claim holds; null where nothing is held, or another claim of the call holds it.</summary>
        public Block? Block;
    }
}
