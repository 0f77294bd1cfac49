using System.Globalization;
using System.Linq.Expressions;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Counts what a kernel has to do: arithmetic on elements, and the bytes that it must read and write at least once. A multiply-add is two operations, a function such as exp one.
/// </summary>
/// <param name="Operations">The operations on elements.</param>
/// <param name="Read">The bytes of the buffers that it reads.</param>
/// <param name="Written">The bytes of the buffers that it writes.</param>
readonly record struct Cost(double Operations, long Read, long Written)
{
    // ten rounds, each a product, two exclusive ors and a sum
    const int PerRandomNumber = 40;

    /// <summary>Counts the cost of a kernel-to-be.</summary>
    public static Cost Of(Step step) =>
        new(step.Members.Concat(step.Prologue).Sum(OperationsOf), step.Reads().Sum(Bytes), step.Stored.Sum(Bytes));

    public static Cost operator +(Cost a, Cost b) => new(a.Operations + b.Operations, a.Read + b.Read, a.Written + b.Written);

    /// <summary>Prints the counts, and their ratio: below some tens of operations a byte, memory sets the pace.</summary>
    public override string ToString()
    {
        double intensity = Read + Written == 0 ? 0 : Operations / (Read + Written);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Operations:0} operations, reads {Read} bytes, writes {Written}, {intensity:0.##} operations a byte"
        );
    }

    static long Bytes(Expr e) => (long)e.Shape.Size * e.DType.ByteSize();

    static double OperationsOf(Expr e) =>
        e.Op switch
        {
            Elementwise op => (double)e.Shape.Size * Counter.Of(op.Scalar.Body),
            MatMul => 2.0 * e.Shape.Size * e.Operands[0].Shape.Dims[^1].Value,
            Conv2d => Products(e, e.Operands[1]),
            Conv2dInput => Products(e.Operands[0], e.Operands[1]),
            Conv2dWeights => Products(e.Operands[1], e),
            Pooling pool => (double)pool.Y.Size * pool.X.Size * Math.Min(e.Shape.Size, e.Operands[0].Shape.Size),
            Uniform => (double)e.Shape.Size * PerRandomNumber,
            Scan scan => scan.Length.Value * scan.Body.Nodes.Sum(OperationsOf),
            Leaf or Movement or Broadcast or Reshape or Part => 0,
            Reduction => e.Operands[0].Shape.Size,
            _ => e.Operands.Append(e).Max(n => n.Shape.Size), // an op that only its author knows: one for each element that it reads or makes, as a guess
        };

    /// <summary>Counts a product and a sum for each result, tap and channel of a group.</summary>
    static double Products(Expr results, Expr filters) =>
        filters.Shape[3].Value == 0 ? 0 : 2.0 * results.Shape.Size * filters.Shape.Size / filters.Shape[3].Value;

    /// <summary>Counts the operations in a rule for one element.</summary>
    sealed class Counter : ExpressionVisitor
    {
        int _count;

        public static int Of(Expression rule)
        {
            var counter = new Counter();
            counter.Visit(rule);
            return counter._count;
        }

        protected override Expression VisitBinary(BinaryExpression node)
        {
            _count += node.NodeType == ExpressionType.Assign ? 0 : 1;
            return base.VisitBinary(node);
        }

        protected override Expression VisitUnary(UnaryExpression node)
        {
            _count += node.NodeType is ExpressionType.Convert or ExpressionType.ConvertChecked ? 0 : 1;
            return base.VisitUnary(node);
        }

        protected override Expression VisitMethodCall(MethodCallExpression node)
        {
            _count++;
            return base.VisitMethodCall(node);
        }

        protected override Expression VisitConditional(ConditionalExpression node)
        {
            _count++;
            return base.VisitConditional(node);
        }
    }
}
