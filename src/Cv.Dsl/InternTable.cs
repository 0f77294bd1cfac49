using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <summary>
/// Keeps one node per (op, operands) through weak references, so that a graph nobody holds is collected. Sixty-four stripes let threads
/// build side by side; a stripe drops its dead entries whenever it would grow.
/// </summary>
static class InternTable
{
    const int StripeCount = 64;
    static readonly Stripe[] Stripes = [.. Enumerable.Range(0, StripeCount).Select(_ => new Stripe())];

    public static int Hash(Op op, ImmutableArray<Expr> operands)
    {
        int hash = op.GetHashCode();
        foreach (var operand in operands)
            hash = HashCode.Combine(hash, RuntimeHelpers.GetHashCode(operand));
        return hash;
    }

    public static Expr? Find(int hash, Op op, ImmutableArray<Expr> operands) => StripeOf(hash).Find(hash, op, operands);

    public static Expr Add(int hash, Expr fresh) => StripeOf(hash).Add(hash, fresh);

    /// <summary>Counts the entries, dead ones that were not swept yet included; for tests of the table.</summary>
    public static int Count => Stripes.Sum(s => s.Count);

    static Stripe StripeOf(int hash) => Stripes[unchecked((uint)hash) % StripeCount];

    sealed class Entry(int hash, Expr target, Entry? next)
    {
        public readonly int Hash = hash;
        public readonly WeakReference<Expr> Target = new(target);
        public Entry? Next = next;
    }

    sealed class Stripe
    {
        readonly Lock _gate = new();
        Entry?[] _buckets = new Entry?[64];

        public int Count { get; private set; }

        public Expr? Find(int hash, Op op, ImmutableArray<Expr> operands)
        {
            lock (_gate)
                return FindLocked(hash, op, operands);
        }

        public Expr Add(int hash, Expr fresh)
        {
            lock (_gate)
            {
                if (FindLocked(hash, fresh.Op, fresh.Operands) is { } known)
                    return known;
                if (Count >= _buckets.Length)
                    SweepAndGrow();
                ref var bucket = ref _buckets[Index(hash, _buckets.Length)];
                bucket = new Entry(hash, fresh, bucket);
                Count++;
                return fresh;
            }
        }

        Expr? FindLocked(int hash, Op op, ImmutableArray<Expr> operands)
        {
            for (var entry = _buckets[Index(hash, _buckets.Length)]; entry is not null; entry = entry.Next)
                if (
                    entry.Hash == hash
                    && entry.Target.TryGetTarget(out var e)
                    && e.Operands.AsSpan().SequenceEqual(operands.AsSpan())
                    && e.Op.Equals(op)
                )
                    return e;
            return null;
        }

        void SweepAndGrow()
        {
            var live = new List<Entry>(Count);
            foreach (var head in _buckets)
                for (var entry = head; entry is not null; entry = entry.Next)
                    if (entry.Target.TryGetTarget(out _))
                        live.Add(entry);
            if (live.Count * 2 > _buckets.Length)
                _buckets = new Entry?[_buckets.Length * 2];
            else
                Array.Clear(_buckets);
            foreach (var entry in live)
            {
                ref var bucket = ref _buckets[Index(entry.Hash, _buckets.Length)];
                entry.Next = bucket;
                bucket = entry;
            }
            Count = live.Count;
        }

        static int Index(int hash, int length) => (int)(unchecked((uint)hash) / StripeCount) & (length - 1);
    }
}
