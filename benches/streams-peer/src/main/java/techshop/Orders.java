package techshop;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** Orders as `techshop produce` makes them, and some that are none; the same ones for the same numbers. */
final class Orders {
    /** Enough of each for every order: {@code benches/shop_catalogue.json} says the same prices. */
    private static final String[][] PRODUCTS = {
        {"P001", "iPhone 15", "Electronics", "999"},
        {"P002", "MacBook Pro", "Electronics", "2499"},
        {"P003", "Nike Air Max", "Fashion", "149"},
        {"P004", "Livre Python", "Books", "29"},
        {"P005", "Café Premium", "Food", "15"},
    };

    private static final String[][] CUSTOMERS = {
        {"alice.martin", "alice@email.com", "true", "Paris"},
        {"bob.durand", "bob@email.com", "false", "Lyon"},
        {"carol.bernard", "carol@email.com", "true", "Marseille"},
        {"david.petit", "david@email.com", "false", "Nice"},
        {"emma.lopez", "emma@email.com", "true", "Paris"},
    };

    private final SplittableRandom random = new SplittableRandom(7);
    private final String run;
    private final int invalidEvery;

    /** One in {@code invalidEvery} is no order; 0: all are. */
    Orders(String run, int invalidEvery) {
        this.run = run;
        this.invalidEvery = invalidEvery;
    }

    String number(long index) {
        return "ORD-" + run + "-" + index;
    }

    byte[] order(long index, long producedNs) {
        String[] product = PRODUCTS[random.nextInt(PRODUCTS.length)];
        String[] customer = CUSTOMERS[random.nextInt(CUSTOMERS.length)];
        int quantity = 1 + random.nextInt(3);
        long total = Long.parseLong(product[3]) * quantity;
        String written = "" + quantity;
        if (invalidEvery > 0 && index % invalidEvery == invalidEvery - 1) {
            switch ((int) (index / invalidEvery % 4)) {
                case 0 -> total++;
                case 1 -> written = "\"two\"";
                case 2 -> product = new String[] {"P999", product[1], product[2], product[3]};
                default -> written = "";
            }
        }
        return ("{\"order_id\":\"" + number(index) + "\",\"customer_id\":\"" + customer[0]
                + "\",\"customer_email\":\"" + customer[1] + "\",\"customer_vip\":" + customer[2]
                + ",\"customer_region\":\"" + customer[3] + "\",\"product_id\":\"" + product[0]
                + "\",\"product_name\":\"" + product[1] + "\",\"product_category\":\"" + product[2]
                + "\",\"price\":" + product[3] + ",\"quantity\":" + written + ",\"total\":" + total
                + ",\"timestamp\":\"2026-11-21T09:10:34.123456\",\"status\":\"pending\",\"index\":" + index
                + ",\"produced_ns\":" + producedNs + "}").getBytes(StandardCharsets.UTF_8);
    }
}
