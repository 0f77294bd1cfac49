using System.Globalization;

namespace Cv.Dsl;

public sealed partial class Expr
{
    /// <summary>Adds elementwise.</summary>
    public static Expr operator +(Expr a, Expr b) => Of(new Add(), a, b);

    /// <summary>Subtracts elementwise.</summary>
    public static Expr operator -(Expr a, Expr b) => Of(new Sub(), a, b);

    /// <summary>Multiplies elementwise; <see cref="Verbs.MatMul"/> is the matrix product.</summary>
    public static Expr operator *(Expr a, Expr b) => Of(new Mul(), a, b);

    /// <summary>Divides elementwise.</summary>
    public static Expr operator /(Expr a, Expr b) => Of(new Div(), a, b);

    /// <summary>Negates each element.</summary>
    public static Expr operator -(Expr a) => Of(new Neg(), a);

    /// <summary>Tests a &lt; b elementwise, giving bool.</summary>
    public static Expr operator <(Expr a, Expr b) => Of(new Less(), a, b);

    /// <summary>Tests a &gt; b elementwise, giving bool.</summary>
    public static Expr operator >(Expr a, Expr b) => Of(new Greater(), a, b);

    /// <summary>Tests a &lt;= b elementwise, giving bool.</summary>
    public static Expr operator <=(Expr a, Expr b) => Of(new LessEqual(), a, b);

    /// <summary>Tests a &gt;= b elementwise, giving bool.</summary>
    public static Expr operator >=(Expr a, Expr b) => Of(new GreaterEqual(), a, b);

    /// <summary>Tells where both masks hold.</summary>
    public static Expr operator &(Expr a, Expr b) => Of(new And(), a, b);

    /// <summary>Tells where either mask holds.</summary>
    public static Expr operator |(Expr a, Expr b) => Of(new Or(), a, b);

    /// <summary>Tells where the mask does not hold.</summary>
    public static Expr operator !(Expr a) => Of(new Not(), a);

    /// <summary>Adds elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator +(Expr a, float b) => a + a.Like(b);

    /// <summary>Adds elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator +(float a, Expr b) => b.Like(a) + b;

    /// <summary>Subtracts elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator -(Expr a, float b) => a - a.Like(b);

    /// <summary>Subtracts elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator -(float a, Expr b) => b.Like(a) - b;

    /// <summary>Multiplies elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator *(Expr a, float b) => a * a.Like(b);

    /// <summary>Multiplies elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator *(float a, Expr b) => b.Like(a) * b;

    /// <summary>Divides elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator /(Expr a, float b) => a / a.Like(b);

    /// <summary>Divides elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator /(float a, Expr b) => b.Like(a) / b;

    /// <summary>Tests a &lt; b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator <(Expr a, float b) => a < a.Like(b);

    /// <summary>Tests a &lt; b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator <(float a, Expr b) => b.Like(a) < b;

    /// <summary>Tests a &gt; b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator >(Expr a, float b) => a > a.Like(b);

    /// <summary>Tests a &gt; b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator >(float a, Expr b) => b.Like(a) > b;

    /// <summary>Tests a &lt;= b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator <=(Expr a, float b) => a <= a.Like(b);

    /// <summary>Tests a &lt;= b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator <=(float a, Expr b) => b.Like(a) <= b;

    /// <summary>Tests a &gt;= b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator >=(Expr a, float b) => a >= a.Like(b);

    /// <summary>Tests a &gt;= b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator >=(float a, Expr b) => b.Like(a) >= b;

    /// <summary>Adds elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator +(Expr a, double b) => a + a.Like(b);

    /// <summary>Adds elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator +(double a, Expr b) => b.Like(a) + b;

    /// <summary>Subtracts elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator -(Expr a, double b) => a - a.Like(b);

    /// <summary>Subtracts elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator -(double a, Expr b) => b.Like(a) - b;

    /// <summary>Multiplies elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator *(Expr a, double b) => a * a.Like(b);

    /// <summary>Multiplies elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator *(double a, Expr b) => b.Like(a) * b;

    /// <summary>Divides elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator /(Expr a, double b) => a / a.Like(b);

    /// <summary>Divides elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator /(double a, Expr b) => b.Like(a) / b;

    /// <summary>Tests a &lt; b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator <(Expr a, double b) => a < a.Like(b);

    /// <summary>Tests a &lt; b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator <(double a, Expr b) => b.Like(a) < b;

    /// <summary>Tests a &gt; b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator >(Expr a, double b) => a > a.Like(b);

    /// <summary>Tests a &gt; b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator >(double a, Expr b) => b.Like(a) > b;

    /// <summary>Tests a &lt;= b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator <=(Expr a, double b) => a <= a.Like(b);

    /// <summary>Tests a &lt;= b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator <=(double a, Expr b) => b.Like(a) <= b;

    /// <summary>Tests a &gt;= b elementwise with a literal on the right, which takes the dtype of the left.</summary>
    public static Expr operator >=(Expr a, double b) => a >= a.Like(b);

    /// <summary>Tests a &gt;= b elementwise with a literal on the left, which takes the dtype of the right.</summary>
    public static Expr operator >=(double a, Expr b) => b.Like(a) >= b;

    /// <summary>
    /// Makes a constant of this node's dtype: a literal takes the type of what it meets. A float literal is read as it was written, so
    /// 0.1f in an f64 graph is 0.1.
    /// </summary>
    internal Expr Like(float value) => this.Like(AsWritten(value));

    internal static double AsWritten(float value) =>
        float.IsFinite(value) ? double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : value;
}
