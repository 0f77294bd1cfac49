using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;

namespace Cv.Testing;

/// <summary>Calculates in f64, and keeps the branches that a rule took as one number: its signature.</summary>
sealed class BranchedReals : Algebra<double>
{
    static readonly ConcurrentDictionary<MethodInfo, Func<double, double>> Functions = [];

    /// <summary>Gives the signature of all that was decided since it was last cleared.</summary>
    public ulong Signature { get; set; }

    public override double Of(double value) => value;

    public override double Real(double x) => x;

    public override double Add(double a, double b) => a + b;

    public override double Subtract(double a, double b) => a - b;

    public override double Multiply(double a, double b) => a * b;

    public override double Divide(double a, double b) => a / b;

    public override double Power(double a, double b) => Math.Pow(a, b);

    public override double Apply(MethodInfo function, double x) => Call(function, x);

    /// <summary>Calls a function of one real.</summary>
    public static double Call(MethodInfo function, double x) => Functions.GetOrAdd(function, ScalarTree<double>.Function)(x);

    public override void Decide(double branch) => Signature = Mix(Signature, branch);

    /// <summary>Mixes one more decision into a signature (FNV-1a, over 64 bits at once).</summary>
    public static ulong Mix(ulong signature, double branch)
    {
        ulong mixed = (signature ^ BitConverter.DoubleToUInt64Bits(branch)) * 0x100000001B3UL;
        return mixed ^ (mixed >> 29);
    }

    /// <summary>Tells whether a rule has branches at all.</summary>
    public static bool Has(LambdaExpression rule)
    {
        var finder = new Finder();
        finder.Visit(rule.Body);
        return finder.Found;
    }

    sealed class Finder : ExpressionVisitor
    {
        public bool Found { get; private set; }

        protected override Expression VisitConditional(ConditionalExpression node)
        {
            Found = true;
            return node;
        }

        protected override Expression VisitBinary(BinaryExpression node)
        {
            Found |= node.Type == typeof(bool);
            return base.VisitBinary(node);
        }

        protected override Expression VisitMethodCall(MethodCallExpression node)
        {
            Found |=
                node.Method.Name
                    is "Abs"
                        or "Max"
                        or "Min"
                        or "Clamp"
                        or "CopySign"
                        or "Sign"
                        or "Floor"
                        or "Ceiling"
                        or "Round"
                        or "Truncate"
                        or "Remainder"
                        or "Atan2";
            return base.VisitMethodCall(node);
        }
    }
}
