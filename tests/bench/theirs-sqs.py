# SPDX-License-Identifier: Apache-2.0
# theirs-sqs.py - a worker as it is written with boto3: ten threads, long polls
#
# Each message's object is read and has to be UTF-8; the table gets an item; the
# messages of a receive that are done are deleted together. It ends when WAIT (1)
# seconds have brought nothing to a thread.
import json, os, sys, threading, boto3, botocore.config
config = botocore.config.Config(max_pool_connections=10)
sqs, s3, dynamodb = (boto3.client(name, endpoint_url=os.environ[f'AWS_ENDPOINT_URL_{name.upper()}'], config=config) for name in ('sqs', 's3', 'dynamodb'))
queue = os.environ['QUEUE_URL']
def one(body):
    for record in json.loads(body)['Records']:
        bucket, thing = record['s3']['bucket']['name'], record['s3']['object']
        s3.get_object(Bucket=bucket, Key=thing['key'], IfMatch=thing['eTag'])['Body'].read().decode()
        dynamodb.put_item(TableName='ledger', Item={'object': {'S': bucket + '/' + thing['key']}, 'seq': {'S': thing['sequencer']}, 'outcome': {'S': 'good'}})
        os.write(1, (thing['key'] + '\n').encode())
def work():
    while True:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=int(os.environ.get('WAIT', '1'))).get('Messages', [])
        if not messages:
            return
        done = []
        for message in messages:
            try:
                one(message['Body'])
                done.append({'Id': str(len(done)), 'ReceiptHandle': message['ReceiptHandle']})
            except Exception as e:
                print(e, file=sys.stderr)
        if done:
            sqs.delete_message_batch(QueueUrl=queue, Entries=done)
threads = [threading.Thread(target=work) for _ in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
