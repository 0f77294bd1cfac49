using System.Collections.Immutable;
using System.Linq.Expressions;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>
/// Makes one kernel of small ones that follow each other and run on one thread: the updates of biases, the end of a mean, the parts of a sum.
/// One call costs more than the work of some of them.
/// </summary>
static class Sequence
{
    const int MostNodes = 4000;
    const int MostBytes = 1 << 15; // more live longer than they need to
    const int MostNodesOfOne = 1200;

    /// <summary>Joins what can be joined, in order.</summary>
    public static ImmutableArray<KernelCode> Join(IEnumerable<KernelCode> kernels)
    {
        var joined = ImmutableArray.CreateBuilder<KernelCode>();
        var run = new List<KernelCode>();
        int nodes = 0;
        var sizes = new Dictionary<Expression, int>(); // equal steps have one tree
        foreach (var kernel in kernels)
        {
            bool small = !Executable.IsThreaded(kernel) && kernel.Slots.All(s => Plan.BytesOf(s) <= MostBytes);
            int own = small && kernel.Tree is { } tree ? SizeOf(tree, sizes) : MostNodes;
            if (own > MostNodesOfOne || nodes + own > MostNodes)
                Flush();
            if (own > MostNodesOfOne)
            {
                joined.Add(kernel);
                continue;
            }
            run.Add(kernel);
            nodes += own;
        }
        Flush();
        return joined.ToImmutable();

        void Flush()
        {
            if (run.Count > 0)
                joined.Add(run.Count == 1 ? run[0] : One(run));
            run.Clear();
            nodes = 0;
        }
    }

    static int SizeOf(Expression tree, Dictionary<Expression, int> sizes)
    {
        if (sizes.TryGetValue(tree, out int size))
            return size;
        var counter = new Counter();
        counter.Visit(tree);
        return sizes[tree] = counter.Count;
    }

    static KernelCode One(List<KernelCode> run)
    {
        var code = new Code();
        var bodies = run.Select(kernel =>
            {
                var places = kernel.Slots.Select(slot => code.Address(slot, kernel.Writes.Contains(slot))).ToArray();
                return new Inline(kernel, places, code.Worker).Visit(kernel.Tree!.Body);
            })
            .ToList();
        string name = string.Join(" | ", run.Select(k => k.Name));
        return code.Close(name, Block(bodies), 1, run.Sum(k => k.Work)) with { Shares = [.. Shares(run)] };
    }

    /// <summary>Lists the pairs that may still be one: no later kernel reads the first, and no earlier one uses the second.</summary>
    static IEnumerable<(Slot, Slot)> Shares(List<KernelCode> run)
    {
        for (int i = 0; i < run.Count; i++)
            foreach (var pair in run[i].Shares)
                if (!run.Skip(i + 1).Any(k => k.Slots.Contains(pair.Read)) && !run.Take(i).Any(k => k.Slots.Contains(pair.Written)))
                    yield return pair;
    }

    /// <summary>Puts a kernel's body into another: addresses are locals there, and all units run.</summary>
    sealed class Inline(KernelCode kernel, ParameterExpression[] places, ParameterExpression worker) : ExpressionVisitor
    {
        protected override Expression VisitBinary(BinaryExpression node) =>
            node is { NodeType: ExpressionType.ArrayIndex, Right: ConstantExpression { Value: int i } }
            && node.Left == kernel.Tree!.Parameters[0]
                ? places[i]
                : base.VisitBinary(node);

        protected override Expression VisitParameter(ParameterExpression node) =>
            node == kernel.Tree!.Parameters[1] ? Constant(0L)
            : node == kernel.Tree.Parameters[2] ? Constant(kernel.Units)
            : node == kernel.Tree.Parameters[3] ? worker
            : node;
    }

    sealed class Counter : ExpressionVisitor
    {
        public int Count { get; private set; }

        public override Expression? Visit(Expression? node)
        {
            Count++;
            return Count > MostNodesOfOne ? node : base.Visit(node);
        }
    }
}
